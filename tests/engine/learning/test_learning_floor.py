"""A floor under the quality of what is learnt from a few strokes.

The pictures come with scikit-image's wheel and no constant of the engine was chosen on
them. Training has a seed and no time limit and ends when the network has settled, after
some 1700 steps, so every stage takes part: strokes, self-training, distillation. The
figures are those of commit b3fb95b with `constraints.txt` on a CPU with AVX-512; AVX2
and TensorFlow without oneDNN come within 0.0013 of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from skimage import data
from skimage.filters import sobel
from skimage.segmentation import watershed

from napari_garage_unet import train

MEASURED = {"coins": 0.9779, "mosaic": 0.7160}
"""Mean intersection over union of the pixels without strokes."""

MARGIN = 0.01
"""Other processors round differently, so that training takes another course."""

STROKE_PIXELS = 40
"""Length of a stroke."""


def coins() -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Return a photograph, and the mask of scikit-image's watershed example."""
    image = data.coins()
    markers = np.zeros(image.shape, np.int32)
    markers[image < 30] = 1
    markers[image > 150] = 2
    found = ndimage.binary_fill_holes(watershed(sobel(image), markers) == 2)
    return image, (1 + ndimage.binary_opening(found, iterations=2)).astype(np.uint8)


def mosaic() -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Return three textures of equal brightness and contrast in wavy patches."""
    size = 256
    truth = np.zeros((size, size), np.uint8)
    rng = np.random.default_rng(2)
    waves = ndimage.gaussian_filter(rng.normal(size=(3, size, size)), (0, 24, 24))
    truth[:] = 1 + waves.argmax(axis=0)
    image = np.zeros((size, size))
    for number, texture in enumerate((data.brick(), data.grass(), data.gravel()), 1):
        part = texture[:size, :size].astype(float)
        here = truth == number
        image[here] = ((part - part.mean()) / part.std())[here]
    return np.clip(128 + 45 * image, 0, 255).astype(np.uint8), truth


def strokes_in(truth: NDArray[np.uint8], per_class: int) -> NDArray[np.uint8]:
    """Draw straight strokes, 3 pixels wide, each inside one class."""
    rng = np.random.default_rng(0)
    strokes = np.zeros_like(truth)
    for class_id in np.unique(truth):
        inside = ndimage.binary_erosion(truth == class_id, iterations=2)
        for _ in range(per_class):
            start = rng.choice(np.argwhere(inside))
            angle = rng.uniform(0, 2 * np.pi)
            step = np.array([np.sin(angle), np.cos(angle)])
            for n in range(STROKE_PIXELS):
                y, x = np.rint(start + n * step).astype(int)
                within = 0 <= y < truth.shape[0] and 0 <= x < truth.shape[1]
                if not within or not inside[y, x]:
                    break
                strokes[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] = class_id
    return strokes


def mean_iou(
    labels: NDArray[Any], truth: NDArray[Any], where: NDArray[np.bool_]
) -> float:
    found, wanted = labels[where], truth[where]
    return float(
        np.mean(
            [
                np.sum((found == i) & (wanted == i))
                / np.sum((found == i) | (wanted == i))
                for i in np.unique(wanted)
            ]
        )
    )


@pytest.mark.parametrize(
    "picture",
    [mosaic, pytest.param(coins, marks=pytest.mark.slow)],
    ids=lambda picture: picture.__name__,
)
def test_a_few_strokes_teach_as_much_as_they_did(picture: Any) -> None:
    image, truth = picture()
    strokes = strokes_in(truth, per_class=5)

    model = train(image, strokes, seconds=3600, seed=0)

    score = mean_iou(model.segment(image), truth, strokes == 0)
    assert score >= MEASURED[picture.__name__] - MARGIN
