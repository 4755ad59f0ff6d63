"""What a model was made for: pixel size and channels of the images it learnt from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.units import MICROMETERS_PER_UNIT, UNIT_SYMBOLS

SIMILAR_RATIO = 1.1
"""Up to this ratio two pixel sizes count as the same."""


@dataclass(frozen=True, slots=True)
class MadeFor:
    """What is known of the images a model learnt from.

    Parameters
    ----------
    pixel_size
        Size of a pixel in micrometers as pairs of an axis of ``"zyx"`` and a number;
        empty where it is not known, or differs between the images.
    channel_names
        One name per channel, in order; empty where they are not known, or differ.
    """

    pixel_size: tuple[tuple[str, float], ...] = ()
    channel_names: tuple[str, ...] = ()

    @classmethod
    def of(cls, images: Sequence[Image]) -> MadeFor:
        """Return what all images have in common.

        Parameters
        ----------
        images
            The images, at least one.
        """
        sizes = [pixel_size(image) for image in images]
        names = {image.channel_names for image in images}
        same = all(_are_similar(sizes[0], size) for size in sizes)
        return cls(
            pixel_size=tuple(sizes[0].items()) if same else (),
            channel_names=names.pop() if len(names) == 1 else (),
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> MadeFor:
        """Return what `to_json` has described; unknown entries are ignored."""
        return cls(
            pixel_size=tuple(
                (str(axis), float(size))
                for axis, size in values.get("pixel_size", {}).items()
            ),
            channel_names=tuple(str(name) for name in values.get("channel_names", ())),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "pixel_size": dict(self.pixel_size),
            "channel_names": list(self.channel_names),
        }

    def differences(self, image: Image, *, axes: str) -> tuple[str, ...]:
        """Say how an image differs from those that a model learnt from.

        Where either side is not known, nothing is said.

        Parameters
        ----------
        image
            The image.
        axes
            Axes of the images in training.

        Returns
        -------
        tuple of str
            Sentences; empty if there is nothing to say.
        """
        said = [
            self._of_pixel_size(image),
            self._of_channels(image),
            _of_axes(image, axes),
        ]
        return tuple(sentence for sentence in said if sentence)

    def _of_pixel_size(self, image: Image) -> str:
        learnt, given = dict(self.pixel_size), pixel_size(image)
        if _are_similar(learnt, given) or not learnt or not given:
            return ""
        shared = [a for a in "xyz" if a in learnt and a in given]
        axis = max(shared, key=lambda a: abs(math.log(learnt[a] / given[a])))
        ratio = learnt[axis] / given[axis]
        word = "larger" if ratio > 1 else "smaller"
        where = " along z" if axis == "z" else ""
        return (
            f"Pixels of {image.name} are {describe_length(given[axis])}{where} and the "
            f"model learnt from pixels of {describe_length(learnt[axis])}: things look "
            f"{max(ratio, 1 / ratio):.3g} times {word} to it; resample the image if "
            "the result is poor."
        )

    def _of_channels(self, image: Image) -> str:
        learnt, given = self.channel_names, image.channel_names
        if not learnt or not given or _folded(learnt) == _folded(given):
            return ""
        cure = (
            "put them in that order"
            if sorted(_folded(learnt)) == sorted(_folded(given))
            else "check that they show the same"
        )
        return (
            f"The channels of {image.name} are {', '.join(given)} and the model learnt "
            f"from {', '.join(learnt)}; {cure}."
        )


UNKNOWN = MadeFor()
"""Of a model whose file does not tell, or whose images were not calibrated."""


def pixel_size(image: Image) -> dict[str, float]:
    """Return the size of a pixel in micrometers by axis of ``"zyx"``.

    Empty if the image has no unit of length.
    """
    unit = MICROMETERS_PER_UNIT.get(image.units)
    if unit is None:
        return {}
    sizes = zip(image.spatial_axes, image.spacing, strict=True)
    return {axis: size * unit for axis, size in sizes if axis != "t"}


def describe_length(micrometers: float) -> str:
    """Return a length in the unit that suits it, with the symbol of the unit."""
    fitting = [
        (name, scale)
        for name, scale in MICROMETERS_PER_UNIT.items()
        if name in ("nanometer", "micrometer", "millimeter", "meter")
        and micrometers >= scale * 0.1
    ]
    name, scale = max(fitting, key=lambda unit: unit[1], default=("nanometer", 1e-3))
    return f"{micrometers / scale:.3g} {UNIT_SYMBOLS[name]}"


def _of_axes(image: Image, axes: str) -> str:
    learnt = {axis for axis in axes if axis in "tz"}
    given = set(image.stack_axes)
    # A model of planes segments stacks and movies alike.
    if len(learnt) != 1 or len(given) != 1 or learnt == given:
        return ""
    kinds = {"t": "a movie (t)", "z": "a stack (z)"}
    return (
        f"{image.name} is {kinds[given.pop()]} and the model learnt from "
        f"{kinds[learnt.pop()]}; sizes count pixels per frame in a movie and voxels in "
        "a stack."
    )


def _are_similar(some: Mapping[str, float], others: Mapping[str, float]) -> bool:
    """Whether the sizes along the axes that both have are about the same."""
    return bool(some) == bool(others) and all(
        1 / SIMILAR_RATIO <= some[axis] / others[axis] <= SIMILAR_RATIO
        for axis in some
        if axis in others
    )


def _folded(names: Sequence[str]) -> list[str]:
    return [name.strip().casefold() for name in names]
