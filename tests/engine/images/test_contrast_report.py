"""Images of another exposure are named."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.contrast_report import describe_contrast
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.preprocess import measure_range

TRAINING = PreprocessConfig(contrast="training")


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (0.3, "x.tif has 30 % of the contrast that the model has learnt from"),
        (0.6, ""),
        (1.9, ""),
        (4.0, "x.tif has 4.0 times the contrast"),
    ],
)
def test_much_more_or_less_contrast_is_named(factor, said):
    planes = np.random.default_rng(0).uniform(0, 100, (3, 40, 50))
    known = measure_range(planes[0][..., np.newaxis], TRAINING)
    image = Image(planes * factor, "zyx", name="x.tif")
    found = describe_contrast(image, TRAINING, known)
    assert found.startswith(said)
    assert bool(found) == bool(said)
    assert not describe_contrast(image, PreprocessConfig(), known)
    assert not describe_contrast(image, TRAINING, None)
    nothing = Image(np.full((4, 5), np.nan), "yx")
    assert not describe_contrast(nothing, TRAINING, known)
