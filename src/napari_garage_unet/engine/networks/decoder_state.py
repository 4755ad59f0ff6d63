"""What a pretrained network knows beside its trained weights.

These numbers are measured on the strokes and on the features of the stroked planes, or
follow from the number of strokes; no gradient changes them. They belong to a model as
its weights do: they are copied, saved and loaded with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]

MAX_SMOOTHING_RADIUS = 16
"""Largest radius of the guided filter behind the decoder, in cells of the grid."""

INVERSE_TEMPERATURE = 2.0
"""Factor of the logits in new models: trained with mixup and label smoothing, members
are less sure than they are right."""

N_GUIDES = 2
"""Maps that guide the smoothing beside the image."""

PCA_COMPONENTS = 32
"""Principal components of the features that the last member sees."""

ARRAYS = ("guide", "projection")
"""Fields that are kept as arrays in a model file; the others are JSON."""


@dataclass(frozen=True, slots=True, eq=False)
class DecoderState:
    """Settings of a pretrained network that are set, not trained.

    Everything is rounded to single precision, and the arrays cannot be written to; use
    `dataclasses.replace` for another state.

    Parameters
    ----------
    smoothing_radius
        Radius of the guided filter behind the decoder, in cells of the grid, 0 to
        `MAX_SMOOTHING_RADIUS`; 0 only enlarges.
    guide
        ``(n_features, N_GUIDES)``, directions in feature space. Beside the edges of the
        image the guided filter keeps those of the features along them; 0 guides
        nowhere.
    class_proportions
        ``(n_classes,)``, share of the area that each class had when the network last
        learnt pseudo-labels, 0 to 1; 0 where that is not known.
    projection
        ``(n_features, PCA_COMPONENTS)``, principal components of the features. The last
        member sees the features times it and its transpose; while it is 0 that member
        sees them as they are, like the others.
    ensemble_weights
        ``(members,)``, weight of each member in the mean; they sum to 1.
    inverse_temperature
        Factor of the logits before the softmax (temperature scaling, Guo et al. 2017,
        arXiv:1706.04599).
    blend_weight
        Weight of the patch network in the result, 0 to 1; 0 until it is trained.
    """

    smoothing_radius: float
    guide: Floats
    class_proportions: Floats
    projection: Floats
    ensemble_weights: Floats
    inverse_temperature: float
    blend_weight: float

    def __post_init__(self) -> None:
        for name in ("smoothing_radius", "inverse_temperature", "blend_weight"):
            object.__setattr__(self, name, float(np.float32(getattr(self, name))))
        for name in ("guide", "class_proportions", "projection", "ensemble_weights"):
            object.__setattr__(self, name, _read_only(getattr(self, name)))

    @classmethod
    def initial(
        cls, n_features: int, n_classes: int, ensemble_weights: Floats
    ) -> DecoderState:
        """Return the state of a network that has not learnt anything yet."""
        return cls(
            smoothing_radius=MAX_SMOOTHING_RADIUS,
            guide=np.zeros((n_features, N_GUIDES), np.float32),
            class_proportions=np.zeros(n_classes, np.float32),
            projection=np.zeros((n_features, PCA_COMPONENTS), np.float32),
            ensemble_weights=ensemble_weights,
            inverse_temperature=INVERSE_TEMPERATURE,
            blend_weight=0.0,
        )

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the arrays, which have to fit those of a network."""
        return (
            self.guide.shape,
            self.class_proportions.shape,
            self.projection.shape,
            self.ensemble_weights.shape,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the numbers and short vectors in JSON values."""
        return {
            "smoothing_radius": self.smoothing_radius,
            "class_proportions": self.class_proportions.tolist(),
            "ensemble_weights": self.ensemble_weights.tolist(),
            "inverse_temperature": self.inverse_temperature,
            "blend_weight": self.blend_weight,
        }

    def arrays(self) -> dict[str, Floats]:
        """Return what is too large for JSON, by the name of the field."""
        return {name: getattr(self, name) for name in ARRAYS}

    @classmethod
    def from_parts(
        cls, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> DecoderState:
        """Join what `to_json` and `arrays` have returned.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a field is missing or unknown, or is no number.
        """
        fields: dict[str, Any] = {**values, **{name: arrays[name] for name in ARRAYS}}
        return cls(**fields)


def _read_only(values: ArrayLike) -> Floats:
    array = np.asarray(values)
    if array.dtype != np.float32 or array.flags.writeable:
        array = array.astype(np.float32)
        array.setflags(write=False)
    return array
