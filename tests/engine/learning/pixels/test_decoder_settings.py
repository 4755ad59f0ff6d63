"""Settings of the decoder that follow from the number of strokes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.learning.pixels.decoder_settings import suited_to_strokes
from napari_garage_unet.engine.networks.decoder_state import DecoderState

STATE = DecoderState(
    smoothing_radius=1.0,
    guide=np.ones((6, 2), np.float32),
    class_proportions=np.array([0.25, 0.75], np.float32),
    projection=np.ones((6, 4), np.float32),
    ensemble_weights=np.array([1.0, 0.0, 0.0], np.float32),
    inverse_temperature=1.0,
    blend_weight=0.5,
)


@pytest.mark.parametrize(
    ("strokes_per_class", "radius"), [(1, 16), (16, 16), (32, 8), (100, 3), (600, 0)]
)
def test_more_strokes_are_smoothed_less(strokes_per_class, radius):
    assert suited_to_strokes(STATE, strokes_per_class).smoothing_radius == radius


@pytest.mark.parametrize(
    ("strokes_per_class", "share"), [(4, 0.05), (16, 0.2), (40, 0.2), (80, 0.1)]
)
def test_the_projected_member_counts_most_for_a_middling_number_of_strokes(
    strokes_per_class, share
):
    weights = suited_to_strokes(STATE, strokes_per_class).ensemble_weights
    rest = (1 - share) / 2
    np.testing.assert_allclose(weights, [rest, rest, share], rtol=1e-6)


def test_what_is_learnt_stays():
    state = suited_to_strokes(STATE, 8)
    assert state.inverse_temperature == 2
    assert state.blend_weight == STATE.blend_weight
    for name in ("guide", "projection", "class_proportions"):
        np.testing.assert_array_equal(getattr(state, name), getattr(STATE, name))
