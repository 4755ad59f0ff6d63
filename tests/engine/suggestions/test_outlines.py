"""Edge curves equal drawing the outline at each threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_garage_unet.engine.labels.assign import assign_labels
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.probabilities import quantize
from napari_garage_unet.engine.suggestions.outlines import edge_curve, edge_strength


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 3),
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_curves_equal_drawing_each_outline(n, shape, seed, is_plain):
    rng = np.random.default_rng(seed)
    levels = rng.integers(0, 256, (n, *shape)).astype(np.uint8)
    if is_plain:
        levels[:] = levels[:, :1, :1]
    strength = rng.random(shape).astype(np.float32)
    rules = [ClassRule(threshold=float(t)) for t in rng.random(n)]
    ids, index = range(3, 3 + n), int(rng.integers(n))
    curve = edge_curve(levels, strength, rules, ids, index)
    for k in range(1, 256, 11):
        moved = [*rules]
        moved[index] = ClassRule(threshold=k / 255)
        own = assign_labels(levels, moved, class_ids=ids) == 3 + index
        faces = []
        for y, x in np.ndindex(shape):
            for below, right in ((y + 1, x), (y, x + 1)):
                inside = below < shape[0] and right < shape[1]
                if inside and own[y, x] != own[below, right]:
                    faces.append((strength[y, x] + strength[below, right]) / 2)
        assert curve[k - 1] == pytest.approx(np.mean(faces) if faces else 0, abs=1e-5)


@pytest.mark.parametrize("channels", [None, 3])
def test_the_best_outline_of_a_blurred_disc_is_where_it_is_steepest(channels):
    """The probabilities are too high outside the disc."""
    truth = np.hypot(*(np.indices((80, 80)) - 40)) <= 20
    image = 10 + 200 * ndimage.gaussian_filter(truth.astype(float), 1)
    image = image if channels is None else np.stack([image] * channels, axis=-1)
    wide = np.clip(1.2 - np.hypot(*(np.indices((80, 80)) - 40)) / 40, 0, 1)
    levels = quantize(np.stack([1 - wide, wide]).astype(np.float32))
    curve = edge_curve(levels, edge_strength(image), [ClassRule()] * 2, (1, 2), 1)
    best = (1 + int(curve.argmax())) / 255
    assert best == pytest.approx(1.2 - 20.5 / 40, abs=0.03)


def test_a_uniform_image_has_no_edges():
    assert not edge_strength(np.full((5, 6, 2), 7, np.uint16)).any()
    assert edge_strength(np.zeros((4, 5), bool)).shape == (4, 5)
