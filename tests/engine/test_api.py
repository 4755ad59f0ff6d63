"""Axes of images and their strokes in Python."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.fitting import fit_strokes
from napari_garage_unet.engine.api import as_image
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.axes import AxesSource
from napari_garage_unet.engine.images.image import Image

CURE = "Image(array, axes={axes!r})"


def zeros(*shape):
    return np.zeros(shape, np.uint8)


@pytest.mark.parametrize(
    ("shape", "painted", "axes"),
    [
        ((40, 50), (40, 50), "yx"),
        ((2, 40, 50), (40, 50), "cyx"),
        ((2, 40, 50), (2, 40, 50), "zyx"),
        ((40, 50, 6), (40, 50), "yxc"),
        ((4, 2, 40, 50), (4, 40, 50), "zcyx"),
        ((4, 2, 40, 50), (4, 1, 40, 50), "zcyx"),
        ((3, 2, 4, 40, 50), (3, 4, 40, 50), "tczyx"),
        ((3, 4, 2, 40, 50), (3, 4, 1, 40, 50), "tzcyx"),
        ((1, 2, 1, 40, 50), (40, 50), "tczyx"),
        ((1, 2, 1, 40, 50), (1, 1, 1, 40, 50), "tczyx"),
        ((5, 1, 40, 50), (5, 40, 50), "ztyx"),
    ],
)
def test_axes_follow_from_strokes_and_strokes_take_their_shape(shape, painted, axes):
    image = as_image(zeros(*shape), zeros(*painted), name="a")
    assert image.axes == axes
    strokes = fit_strokes(image, zeros(*painted), cure=CURE)
    assert strokes.shape == image.spatial_shape


def test_what_a_person_or_a_file_says_is_not_overruled():
    for source in (AxesSource.PERSON, AxesSource.FILE):
        image = Image(zeros(2, 40, 50), "cyx", axes_source=source)
        assert as_image(image, zeros(2, 40, 50), name="") is image
        with pytest.raises(InputError, match=rf"cyx \({source}\).*\(2, 40, 50\)"):
            fit_strokes(image, zeros(2, 40, 50), cure=CURE)


def test_a_guess_follows_the_strokes():
    image = Image(zeros(2, 40, 50), "cyx", spacing=(3, 3), axes_source=AxesSource.SHAPE)
    found = as_image(image, zeros(2, 40, 50), name="")
    assert (found.axes, found.spacing) == ("zyx", (1, 3, 3))


def test_a_mismatch_says_what_the_axes_would_have_to_be():
    image = Image(zeros(2, 40, 50), "cyx", name="a", axes_source=AxesSource.FILE)
    with pytest.raises(InputError, match=r"Image\(array, axes='zyx'\)"):
        fit_strokes(image, zeros(2, 40, 50), cure=CURE)
    with pytest.raises(InputError, match=r"they have the shape \(7, 7\)"):
        fit_strokes(image, zeros(7, 7), cure=CURE)
