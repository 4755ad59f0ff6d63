"""Predictions at held-out strokes are those of whole planes, and are scored."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.compute.backend import seeded_weights
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.preprocess import PreprocessConfig
from napari_garage_unet.engine.inference.predictor import Predictor
from napari_garage_unet.engine.learning.validation import HeldOutStroke, compare
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.probabilities import quantize

SHAPE = (300, 400)


@pytest.fixture(scope="module")
def predictor():
    with seeded_weights(1):
        network = build_network(NetworkConfig(encoder="plain", width=4, depth=2), 1, 2)
    return Predictor(network, PreprocessConfig(), tile=64)


def make_strokes(n_images=2, n=12):
    rng = np.random.default_rng(0)
    strokes = []
    for seed in range(n_images):
        pixels = np.random.default_rng(seed).random(SHAPE).astype(np.float32)
        image = Image(pixels, "yx", name=str(seed))
        for number, (y, x) in enumerate(rng.integers(0, (280, 340), (n, 2)).tolist()):
            mask = rng.random((20, 60)) < 0.3
            box = (y, y + 20, x, x + 60)
            strokes.append(HeldOutStroke(image, (), box, mask, number % 2))
    return [strokes[k] for k in rng.permutation(len(strokes))]


def test_each_pixel_gets_the_probabilities_of_its_whole_plane(predictor):
    held_out = make_strokes()
    classes = [ClassInfo(3), ClassInfo(7)]
    score = compare(predictor, held_out, classes)
    expected, ids, strokes = [], [], []
    for at, stroke in enumerate(held_out):
        plane = predictor.predict_plane(stroke.image)
        y0, y1, x0, x1 = stroke.box
        expected.append(plane[:, y0:y1, x0:x1][:, stroke.mask])
        ids += [(3, 7)[stroke.number]] * expected[-1].shape[1]
        strokes += [at] * expected[-1].shape[1]
    joined = np.concatenate(expected, axis=1)
    found = score.predictions
    assert np.abs(found.levels.astype(int) - quantize(joined)).max() <= 1
    np.testing.assert_array_equal(found.class_ids, ids)
    np.testing.assert_array_equal(found.strokes, strokes)
    right = np.array([3, 7])[joined.argmax(axis=0)] == ids
    mean = np.mean([right[np.array(ids) == k].mean() for k in (3, 7)])
    assert score.accuracy == pytest.approx(mean, abs=1e-6)


def test_strokes_that_lie_close_together_are_computed_once(predictor, monkeypatch):
    seen = []
    probabilities = predictor.network.probabilities

    def watched(feature_maps, *, step=1):
        seen.append(step)
        return probabilities(feature_maps, step=step)

    monkeypatch.setattr(predictor.network, "probabilities", watched)
    held_out = make_strokes(n_images=1, n=60)
    compare(predictor, held_out, [ClassInfo(1), ClassInfo(2)])
    # No more than the tiles of the whole plane.
    assert 0 < len(seen) <= 35
