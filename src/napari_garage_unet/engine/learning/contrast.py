"""The contrast of the planes that a model learns from."""

from __future__ import annotations

from collections.abc import Sequence

from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.inference.contrast import (
    Plane,
    measure_contrast,
    planes_of,
    range_of,
)
from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.networks.fixed_contrast import FixedContrast

MAX_BEYOND = 0.1
"""How far a plane painted later may reach beyond the range, as a share of its length,
before it is measured anew. That changes all features, so it takes time."""


class TrainingContrast:
    """Follows the planes that are painted.

    Parameters
    ----------
    config
        Preprocessing; only contrast of the stack or of the training is measured.
    network
        Computes the features.
    fixed
        What is known already, of a model that training goes on from.

    Attributes
    ----------
    fixed
        The contrast; None where each plane is scaled by itself.
    """

    def __init__(
        self,
        config: PreprocessConfig,
        network: Network,
        fixed: FixedContrast | None = None,
    ) -> None:
        self.fixed = fixed
        self._config = config
        self._network = network
        self._known: set[tuple[int, tuple[int, ...]]] = set()

    def follow(self, painted: Sequence[Plane]) -> None:
        """Measure planes that are painted for the first time.

        Parameters
        ----------
        painted
            All planes that have strokes now.
        """
        if self._config.contrast == "stack" and self.fixed is None:
            images = dict.fromkeys(image for image, _ in painted)
            planes = planes_of(images)
            self.fixed = measure_contrast(planes, self._config, self._network)
        elif self._config.contrast == "training":
            new = [p for p in painted if (id(p[0]), p[1]) not in self._known]
            self._known.update((id(image), index) for image, index in new)
            if new and (self.fixed is None or any(map(self._is_beyond, new))):
                self.fixed = measure_contrast(painted, self._config, self._network)

    def _is_beyond(self, plane: Plane) -> bool:
        found = range_of(*plane, self._config)
        return (
            found is not None
            and self.fixed is not None
            and found.reaches_beyond(self.fixed.range, MAX_BEYOND)
        )
