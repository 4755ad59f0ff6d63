"""Assigns labels to kept probabilities by rules: a plane, or a slab of a volume."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.labels.assign import Labels, assign_labels
from napari_garage_unet.engine.labels.clean_up import apply_rules
from napari_garage_unet.engine.labels.live import LiveLabels
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.labels.volumes import needs_volume

from .probability_store import ProbabilityStore
from .slab import Slab, slab_around

MAX_LIVE_VOXELS = 1 << 21
"""Voxels of a volume whose labels are assigned while a slider moves at most."""


class Labeller:
    """Labels of an image by its probabilities and the rules of its classes.

    Parameters
    ----------
    image
        The image.
    store
        Its probabilities.
    class_ids
        Ids in the order of the rows of the probabilities.
    rules
        Rules by class id; other classes have the default rule.

    Attributes
    ----------
    rules
        The present rules.
    """

    def __init__(
        self,
        image: Image,
        store: ProbabilityStore,
        class_ids: tuple[int, ...],
        rules: Mapping[int, ClassRule],
    ) -> None:
        self._image = image
        self._store = store
        self._class_ids = class_ids
        self._live: tuple[Slab, int, LiveLabels] | None = None
        self.rules = dict(rules)

    @property
    def is_pixelwise(self) -> bool:
        """Whether the label of no pixel depends on the pixels around it."""
        rules = self.rules.values()
        return not any(rule.cleans or rule.low is not None for rule in rules)

    @property
    def is_volume(self) -> bool:
        """Whether the labels of a plane depend on the planes around it."""
        return needs_volume(self._image, self.rules.values())

    @property
    def smooths(self) -> bool:
        """Whether labels are smoothed, which depends on the proportions of a pixel."""
        return any(rule.smooth for rule in self.rules.values())

    def follow_place(self, image: Image) -> None:
        """Use another pixel size from now on: that of `image`, of the same pixels."""
        self._image = image
        self.forget_live()

    def forget_live(self) -> None:
        """Forget what `live` has kept; probabilities or several rules have changed."""
        self._live = None

    def slab(self, index: PlaneIndex, *, step: int | None = None) -> Slab:
        """Return the planes that the labels of a plane depend on.

        Parameters
        ----------
        index
            The plane.
        step
            Looking at every `step`-th pixel along both axes, only as many planes are
            returned as have `MAX_LIVE_VOXELS`; None returns all.
        """
        if not self.is_volume:
            return Slab((index,))
        most = None
        if step is not None:
            seen = math.prod(self._image.plane_shape) // step**2
            most = max(MAX_LIVE_VOXELS // max(seen, 1), 1)
        return slab_around(index, self._image, self._store.states, most=most)

    def assign_pixels(self, probabilities: NDArray[np.uint8]) -> Labels:
        """Assign labels, where they are pixelwise, to ``(n_classes, h, w)``."""
        return assign_labels(probabilities, self.rules, class_ids=self._class_ids)

    def assign(self, slab: Slab) -> dict[PlaneIndex, Labels]:
        """Assign the labels of the planes of a slab; thread-safe.

        Returns
        -------
        dict
            ``(H, W)`` uint8 or uint16 by plane; empty where the first plane has not
            been computed.
        """
        levels = self._store.of_slab(slab)
        if levels is None:
            return {}
        labels = apply_rules(
            levels,
            dict(self.rules),  # the main thread may change a rule meanwhile
            class_ids=self._class_ids,
            spacing=slab.spacing(self._image),
            open_ends=slab.open_ends,
        )
        planes = labels if slab.is_volume else [labels]
        return dict(zip(slab.planes, planes, strict=True))

    def live(self, index: PlaneIndex, step: int) -> tuple[Slab, LiveLabels] | None:
        """Return labels that follow a rule while its slider moves.

        They are kept until the plane, the step or `forget_live` asks for others.

        Parameters
        ----------
        index
            The plane on view.
        step
            Looking at every `step`-th pixel along both axes.

        Returns
        -------
        tuple or None
            The planes they belong to and the labels; None where the plane has not
            been computed.
        """
        slab = self.slab(index, step=step)
        if self._live is not None and self._live[:2] == (slab, step):
            return slab, self._live[2]
        levels = self._store.of_slab(slab)
        if levels is None:
            return None
        live = LiveLabels(
            levels[..., ::step, ::step],
            {i: rule.at_step(step) for i, rule in self.rules.items()},
            class_ids=self._class_ids,
            spacing=slab.spacing(self._image, step=step),
            open_ends=slab.open_ends,
        )
        self._live = (slab, step, live)
        return slab, live
