"""Axes that are found from shapes."""

from __future__ import annotations

from functools import partial

import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.axes import (
    AxesSource,
    decide_axes,
    letters_of_labels,
)
from napari_garage_unet.engine.images.guessing import axes_for_strokes, guess_axes


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
        ((200, 200, 6), "yxc"),
        ((10, 200, 200, 12), "zyxc"),
        ((6, 30, 5), "zyx"),
        ((4, 2, 64, 64), "zcyx"),
        ((2, 7, 64, 64), "tzyx"),
        ((1, 2, 1, 64, 64), "tczyx"),
        ((1, 1, 1, 64, 64), "ctzyx"),
        ((1, 64, 64), "zyx"),
        ((1, 9, 64, 64), "tzyx"),
        ((64, 64, 1), "yxc"),
        ((1, 64), "yx"),
        ((1, 1, 64), "zyx"),
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


def test_a_person_is_believed_before_labels_before_the_file_before_the_shape():
    shape, labels = (5, 20, 30), ("channel", "row", "column")
    decide = partial(decide_axes, shape)
    assert decide(said="tyx", labels=labels, stored="zyx") == ("tyx", AxesSource.PERSON)
    assert decide(labels=labels, stored="tyx") == ("cyx", AxesSource.LABELS)
    assert decide(labels=("-3", "-2", "-1"), stored="tyx") == ("tyx", AxesSource.FILE)
    assert decide() == ("zyx", AxesSource.SHAPE)


def test_axes_that_a_person_says_have_to_fit_the_shape():
    with pytest.raises(InputError, match="garage has 3 axes"):
        decide_axes((5, 20, 30), said="yx", name="garage")


@pytest.mark.parametrize(
    ("labels", "letters"),
    [
        (("T", "Height", "width"), "tyx"),
        (("frame", "slice", "y", "x"), "tzyx"),
        (("y", "y", "x"), None),
        (("z", "y"), None),
        (("-2", "-1"), None),
    ],
)
def test_axis_labels_are_understood_as_letters_or_words(labels, letters):
    assert letters_of_labels(labels) == letters
