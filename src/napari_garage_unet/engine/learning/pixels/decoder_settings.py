"""Settings of the decoder that depend on the number of strokes and are not trained.

How far probabilities are smoothed, and how many rounds there are on pseudo-labels (see
`self_training`), depend on the number of strokes: both make up for few strokes, but
blur what a network knows better from many. Accuracy on strokes cannot decide it,
because strokes that correct a result lie only where it was wrong.
"""

from __future__ import annotations

from dataclasses import replace

from napari_garage_unet.engine.networks.decoder import make_ensemble_weights
from napari_garage_unet.engine.networks.decoder_ops import ENSEMBLE_SIZE
from napari_garage_unet.engine.networks.decoder_state import (
    INVERSE_TEMPERATURE,
    MAX_SMOOTHING_RADIUS,
    DecoderState,
)

SMOOTHING_RADIUS_STROKES = 256
"""Radius of the guided filter in cells of the grid, times the strokes per class."""

MAX_PROJECTED_SHARE = 0.2
"""Weight, of 1 in all, of the member that sees the features through the projection."""

PROJECTED_STROKES = (16, 40)
"""Strokes per class from which and up to which that member has this weight.

It knows too little from fewer; from more, the other members need no help.
"""


def suited_to_strokes(state: DecoderState, strokes_per_class: float) -> DecoderState:
    """Return the settings of a decoder with those that suit a number of strokes.

    Parameters
    ----------
    state
        The settings as they are.
    strokes_per_class
        Mean number of strokes of a class, above 0.
    """
    radius = round(SMOOTHING_RADIUS_STROKES / strokes_per_class)
    few, many = PROJECTED_STROKES
    suits = min(strokes_per_class / few, 1.0, many / strokes_per_class)
    share = MAX_PROJECTED_SHARE * suits
    return replace(
        state,
        smoothing_radius=min(radius, MAX_SMOOTHING_RADIUS),
        ensemble_weights=make_ensemble_weights(ENSEMBLE_SIZE, projected_weight=share),
        inverse_temperature=INVERSE_TEMPERATURE,
    )
