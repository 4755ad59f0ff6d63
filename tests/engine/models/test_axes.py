"""Axes of arrays follow from those of the images a model was trained on."""

from __future__ import annotations

import pytest

from napari_garage_unet.engine.models.axes import axes_like


@pytest.mark.parametrize(
    ("shape", "axes", "n_channels", "found"),
    [
        ((40, 50), "yx", 1, "yx"),
        ((9, 40, 50), "yx", 1, "zyx"),
        ((9, 40, 50), "tyx", 1, "tyx"),
        ((3, 9, 40, 50), "tyx", 1, "tzyx"),
        ((40, 50), "tyx", 1, "yx"),
        ((2, 40, 50), "cyx", 2, "cyx"),
        ((40, 50, 3), "yxc", 3, "yxc"),
        ((9, 40, 50, 3), "yxc", 3, "zyxc"),
        ((1, 2, 1, 40, 50), "cyx", 2, "tczyx"),
        ((5, 2, 1, 40, 50), "cyx", 2, "zctyx"),
        ((1, 40, 50), "yx", 1, "zyx"),
        ((40, 50, 1), "yx", 1, "yxc"),
        # what the model learnt from, however narrow
        ((40, 50, 6), "zyx", 1, "zyx"),
        # nothing of the training fits: a guess
        ((40, 50, 3), "yx", 1, "yxc"),
        ((9, 40, 50, 3), "yx", 1, "zyxc"),
        ((200, 200, 6), "yx", 1, "yxc"),
        ((200, 200, 6), "cyx", 2, "yxc"),
    ],
)
def test_axes_are_those_of_the_training_with_more_or_fewer_planes(
    shape, axes, n_channels, found
):
    assert axes_like(shape, axes, n_channels=n_channels) == found
