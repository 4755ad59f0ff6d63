"""Checked arguments of splitting."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.objects.arguments import (
    check_distance,
    check_levels,
    check_spacing,
)


def test_the_spacing_is_one_number_per_axis():
    assert check_spacing(3, None) == (1, 1, 1)
    assert check_spacing(2, [2, 0.5]) == (2, 0.5)


@pytest.mark.parametrize("spacing", [(1,), (1, 0), (1, -2), (1, np.inf), (1, np.nan)])
def test_a_spacing_of_other_numbers_is_refused(spacing):
    with pytest.raises(InputError, match="each of 2 axes"):
        check_spacing(2, spacing)


@pytest.mark.parametrize("distance", [-1, np.inf, np.nan])
def test_a_distance_that_is_negative_or_not_finite_is_refused(distance):
    for valid in (None, 0, 2.5):
        check_distance(valid)
    with pytest.raises(InputError, match="split distance"):
        check_distance(distance)


def test_probabilities_become_levels_of_the_shape_of_the_labels():
    labels = np.zeros((1, 3), np.uint8)
    assert check_levels(labels, None) is None
    levels = check_levels(labels, np.array([[0, 0.2, 1]]))
    assert levels.dtype == np.uint8
    assert levels.tolist() == [[0, 51, 255]]
    with pytest.raises(InputError, match=r"\(3,\) do not fit labels of shape \(1, 3\)"):
        check_levels(labels, np.zeros(3))
