"""Axes that are found from shapes."""

from __future__ import annotations

import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.axes import axes_for_strokes, guess_axes


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((20, 30), "yx"),
        ((20, 30, 3), "yxc"),
        ((20, 30, 4), "yxc"),
        ((3, 20, 30), "cyx"),
        ((9, 20, 30), "zyx"),
        ((9, 20, 30, 3), "zyxc"),
        ((5, 9, 20, 30), "tzyx"),
        ((5, 9, 20, 30, 3), "tzyxc"),
    ],
)
def test_axes_are_guessed_from_the_shape(shape, axes):
    assert guess_axes(shape) == axes


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4, 20, 30, 50)])
def test_arrays_that_are_no_image_are_refused(shape):
    with pytest.raises(InputError, match="two to four axes"):
        guess_axes(shape)


@pytest.mark.parametrize(
    ("shape", "strokes_shape", "axes"),
    [
        ((20, 30), (20, 30), "yx"),
        ((20, 30, 7), (20, 30), "yxc"),
        ((7, 20, 30), (20, 30), "cyx"),
        ((5, 20, 30, 2), (5, 20, 30), "zyxc"),
        ((2, 5, 20, 30), (5, 20, 30), "czyx"),
        ((5, 2, 20, 30), (5, 20, 30), "zcyx"),
        ((4, 5, 20, 30), (4, 5, 20, 30), "tzyx"),
    ],
)
def test_strokes_tell_which_axis_holds_the_channels(shape, strokes_shape, axes):
    assert axes_for_strokes(shape, strokes_shape) == axes


def test_strokes_of_another_shape_are_refused_with_both_shapes():
    with pytest.raises(InputError) as error:
        axes_for_strokes((20, 30, 3), (20, 31), name="garage")
    assert "garage has shape (20, 30, 3)" in str(error.value)
    assert "(20, 31)" in str(error.value)
