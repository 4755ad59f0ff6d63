"""A model: network, classes, preprocessing, thresholds and provenance.

This is over 300 lines because a model is one value, and what is asked of it is asked
of all its parts together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.axes import AxesSource
from napari_garage_unet.engine.images.config import Contrast, PreprocessConfig
from napari_garage_unet.engine.images.image import ArrayLike, Image, PlaneIndex
from napari_garage_unet.engine.labels.clean_up import apply_rules
from napari_garage_unet.engine.labels.presets import (
    Presets,
    check_name,
    find_preset,
    presets_to_json,
)
from napari_garage_unet.engine.labels.rules import ClassRule, Rules
from napari_garage_unet.engine.labels.volumes import label_image, needs_volume
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.decoder_state import DecoderState
from napari_garage_unet.engine.networks.fixed_contrast import FixedContrast
from napari_garage_unet.engine.networks.network_state import NetworkState
from napari_garage_unet.engine.probabilities import quantize
from napari_garage_unet.engine.settings import to_json

from .archive import CONTRAST, DECODER, HELD_OUT, weight_member, write_archive
from .axes import axes_like
from .held_out_predictions import HeldOutPredictions
from .made_for import UNKNOWN, MadeFor

if TYPE_CHECKING:
    from napari_garage_unet.engine.inference.predictor import Predictor


@dataclass(frozen=True, eq=False)
class Model:
    """Everything needed to segment an image as it was segmented in training.

    `train` and `load_model` make models. A model holds plain arrays and settings;
    TensorFlow is loaded when the first image is segmented.

    Parameters
    ----------
    classes
        The classes, in the order of the rows of the probabilities.
    preprocess
        Preprocessing of the pixels.
    network
        Which network it is.
    n_channels
        Channels of the images it was trained on.
    weights
        Trained weights of the network, by name.
    decoder
        What a pretrained network knows beside its weights; None for a plain one.
    axes
        Axes of the images it was trained on, such as ``"yxc"``.
    rules
        Threshold and clean-up by class id; classes that are not in it have the
        default rule.
    made_for
        Pixel size and channels of the images it was trained on.
    provenance
        How the model was made, in JSON values.
    presets
        Other rules by class id, by the name they were saved under.
    held_out
        Predictions at held-out strokes; None when none were held out.
    contrast
        What the planes had in common that it was trained on; None where each plane is
        scaled by itself.
    """

    classes: tuple[ClassInfo, ...]
    preprocess: PreprocessConfig
    network: NetworkConfig
    n_channels: int
    weights: Mapping[str, NDArray[Any]]
    decoder: DecoderState | None = None
    axes: str = "yx"
    made_for: MadeFor = UNKNOWN
    rules: Mapping[int, ClassRule] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    presets: Presets = field(default_factory=dict)
    held_out: HeldOutPredictions | None = None
    contrast: FixedContrast | None = None

    @property
    def class_ids(self) -> tuple[int, ...]:
        """Ids of the classes, in the order of the probabilities."""
        return tuple(info.id for info in self.classes)

    def predict_proba(self, image: ArrayLike | Image) -> NDArray[np.float32]:
        """Compute the probability of each class at each pixel.

        Parameters
        ----------
        image
            An array with the axes of the training images, with more or fewer ``t``
            and ``z`` in front, or an `Image` that says what its axes are.

        Returns
        -------
        ndarray of shape (n_classes, *spatial), float32
            Sums to 1 over the classes; all are 0 where there is no data.

        Raises
        ------
        InputError
            If the image has another number of channels, cannot be read or has no data.
        """
        image = self.as_image(image)
        result = np.empty((len(self.classes), *image.spatial_shape), np.float32)
        for index, probabilities in self._planes(image):
            result[(slice(None), *image.spatial_key(index))] = probabilities
        return result

    def segment(self, image: ArrayLike | Image) -> NDArray[np.unsignedinteger[Any]]:
        """Segment an image with the thresholds and clean-up of this model.

        Parameters
        ----------
        image
            As for `predict_proba`.

        Returns
        -------
        ndarray of the image's spatial shape, uint8 or uint16
            Class ids; 0 where no class reaches its threshold or there is no data.
        """
        image = self.as_image(image)
        if needs_volume(image, self.rules.values()):
            levels = np.empty((len(self.classes), *image.spatial_shape), np.uint8)
            for index, probabilities in self._planes(image):
                key = image.spatial_key(index)
                levels[(slice(None), *key)] = quantize(probabilities)
            return self.decide(levels, image=image)
        result: NDArray[np.unsignedinteger[Any]] | None = None
        for index, probabilities in self._planes(image):
            labels = apply_rules(probabilities, self.rules, class_ids=self.class_ids)
            if result is None:
                result = np.zeros(image.spatial_shape, labels.dtype)
            result[image.spatial_key(index)] = labels
        assert result is not None  # an image is never empty
        return result

    def decide(
        self,
        probabilities: NDArray[Any],
        *,
        rules: Rules = None,
        image: Image | None = None,
    ) -> NDArray[np.unsignedinteger[Any]]:
        """Turn probabilities into labels with the thresholds of this model.

        As in `segment`, clean-up acts in volumes where there is a ``z``, and time
        points are separate.

        Parameters
        ----------
        probabilities
            ``(n_classes, *spatial)``, float32 that sums to 1 or uint8 in steps of
            1 / 255; both give the same labels.
        rules
            Thresholds and clean-up instead of those of the model, in any form that
            `resolve_rules` takes.
        image
            The image, for its axes and the distance of its planes. By default the axes
            are those of the training images, and planes are 1 apart.
        """
        if image is None:
            axes = axes_like(probabilities.shape[1:], self.axes.replace("c", ""))
            image = Image(probabilities[0], axes)
        chosen = self.rules if rules is None else rules
        return label_image(probabilities, chosen, image, class_ids=self.class_ids)

    def with_rules(self, rules: Mapping[int, ClassRule]) -> Model:
        """Return this model with other thresholds and clean-up.

        Raises
        ------
        InputError
            If there is a rule for a class it does not have.
        """
        self._check_ids(rules)
        return self._replace(rules=dict(rules))

    def with_presets(self, presets: Presets) -> Model:
        """Return this model with other presets.

        Parameters
        ----------
        presets
            Rules by class id, by name. The rules in use stay.

        Raises
        ------
        InputError
            If a name is not valid, or there is a rule for a class it does not have.
        """
        for rules in presets.values():
            self._check_ids(rules)
        named = {check_name(name): dict(rules) for name, rules in presets.items()}
        return dataclasses.replace(self, presets=named)

    def with_preset(self, name: str) -> Model:
        """Return this model with the rules that were saved under a name.

        Raises
        ------
        InputError
            If there is no preset of this name.
        """
        return self._replace(rules=dict(find_preset(self.presets, name)))

    @property
    def fixed_contrast(self) -> FixedContrast | None:
        """Contrast that is the same for every image; None where it is measured.

        Raises
        ------
        InputError
            If it is measured on whole stacks, so that a plane alone does not tell it.
        """
        if self.preprocess.contrast == "stack":
            raise InputError(
                "This model takes its contrast from whole stacks, which a program that "
                "sees single planes cannot; train with contrast of each plane or as in "
                "training."
            )
        return self.contrast if self.preprocess.contrast == "training" else None

    def with_contrast(self, contrast: Contrast) -> Model:
        """Return this model with black and white taken from elsewhere.

        Parameters
        ----------
        contrast
            See `PreprocessConfig.contrast`.

        Raises
        ------
        InputError
            If contrast as in training is asked for and not known.
        """
        if contrast == "training" and self.contrast is None:
            raise InputError(
                "This model does not know the contrast of its training images, because "
                "each plane was scaled by itself; train again with contrast as in "
                "training."
            )
        changed = dataclasses.replace(self.preprocess, contrast=contrast)
        return dataclasses.replace(self, preprocess=changed)

    def with_classes(self, classes: Sequence[ClassInfo]) -> Model:
        """Return this model with other names, colours or background mark.

        Classes that it does not have are ignored.
        """
        given = {info.id: info for info in classes}
        return dataclasses.replace(
            self, classes=tuple(given.get(info.id, info) for info in self.classes)
        )

    @property
    def state(self) -> NetworkState:
        """All that its network has learnt."""
        return NetworkState(self.weights, self.decoder)

    @cached_property
    def predictor(self) -> Predictor:
        """Computes the probabilities; the network is built on first use."""
        from napari_garage_unet.engine.inference.predictor import Predictor
        from napari_garage_unet.engine.networks.build import build_network

        network = build_network(self.network, self.n_channels, len(self.classes))
        network.load_state(self.state)
        return Predictor(network, self.preprocess, contrast=self.contrast)

    def info(self) -> dict[str, Any]:
        """Describe the model in JSON values, without the weights."""
        return {
            "classes": [to_json(info) for info in self.classes],
            "preprocess": to_json(self.preprocess),
            "contrast": None if self.contrast is None else self.contrast.to_json(),
            "network": to_json(self.network),
            "n_channels": self.n_channels,
            "axes": self.axes,
            "made_for": self.made_for.to_json(),
            "rules": {str(i): rule.to_json() for i, rule in self.rules.items()},
            "presets": presets_to_json(self.presets),
            "provenance": dict(self.provenance),
        }

    def save(self, path: str | Path) -> None:
        """Write the model to a file.

        Raises
        ------
        OutputError
            If the file cannot be written; an older file of that name is kept.
        """
        write_archive(path, *self._contents())

    def as_image(self, image: ArrayLike | Image) -> Image:
        """Give an array the axes that images of this model have."""
        if isinstance(image, Image):
            return image
        axes = axes_like(image.shape, self.axes, n_channels=self.n_channels)
        return Image(image, axes, axes_source=AxesSource.SHAPE)

    def _replace(self, **changes: Any) -> Model:
        """Return this model with other rules; a network that is built is kept."""
        other = dataclasses.replace(self, **changes)
        if "predictor" in self.__dict__:
            other.__dict__["predictor"] = self.predictor
        return other

    def _contents(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the JSON and the arrays of a model file."""
        names = sorted(self.weights)
        arrays = {weight_member(n): self.weights[name] for n, name in enumerate(names)}
        description = {**self.info(), "decoder": None, "weights": names}
        if self.decoder is not None:
            description["decoder"] = self.decoder.to_json()
            for name, array in self.decoder.arrays().items():
                arrays[DECODER + name] = array
        if self.contrast is not None:
            for name, array in self.contrast.arrays().items():
                arrays[CONTRAST + name] = array
        if self.held_out is not None:
            for f in dataclasses.fields(self.held_out):
                arrays[HELD_OUT + f.name] = getattr(self.held_out, f.name)
        return description, arrays

    def _check_ids(self, rules: Iterable[int]) -> None:
        foreign = sorted(set(rules) - set(self.class_ids))
        if foreign:
            raise InputError(
                f"There is no class {foreign[0]} in this model; it has "
                f"{', '.join(f'{c.id} ({c.name})' for c in self.classes)}."
            )

    def _planes(self, image: Image) -> Iterator[tuple[PlaneIndex, NDArray[np.float32]]]:
        has_data = False
        for index in image.plane_indices():
            probabilities = self.predictor.predict_plane(image, index)
            has_data = has_data or bool(probabilities.any())
            if image.is_transposed:
                probabilities = probabilities.transpose(0, 2, 1)
            yield index, probabilities
        if not has_data:
            raise InputError(
                f"{image.name} has no data in any of its planes: all values are NaN, "
                "infinite or marked as no data; choose another image."
            )
