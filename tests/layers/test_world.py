from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_garage_unet.layers.world import differing_places, lies_on, world_matrix

SHAPE = (12, 20)


def image(**placed):
    return Image(np.zeros(SHAPE), name="a", **placed)


def labels(**placed):
    return Labels(np.zeros(SHAPE, np.uint8), name="b", **placed)


def lies(one, two):
    return lies_on(labels(**one), image(**two), (0, 1), SHAPE)


@pytest.mark.parametrize(
    "placed",
    [
        {"scale": (0.5, -2), "translate": (3, 4)},
        {"rotate": 25, "shear": [0.3], "scale": (2, 3), "translate": (1, 2)},
        {"affine": [[1, 0.2, 5], [0, 2, 7], [0, 0, 1]], "scale": (3, 4)},
    ],
)
def test_the_matrix_is_that_of_the_layer(placed):
    layer = image(**placed)
    matrix = world_matrix(layer)
    for point in ((0, 0), (3, 0), (0, 7), (5, 6)):
        assert (matrix @ [*point, 1])[:2] == pytest.approx(layer.data_to_world(point))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({}, {}),
        ({"scale": (2, 2)}, {"affine": np.diag([2, 2, 1])}),
        ({"translate": (0.5, -0.5)}, {}),
        (
            {"scale": (500, 500), "units": ("nm", "nm")},
            {"scale": (0.5, 0.5), "units": ("um", "um")},
        ),
        # Without units a layer's numbers are taken as they are.
        ({"scale": (0.5, 0.5)}, {"scale": (0.5, 0.5), "units": ("um", "um")}),
    ],
)
def test_layers_that_show_the_same_pixels_at_a_place_lie_on_each_other(one, two):
    assert lies(one, two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"translate": (40, 40)}, {}),
        ({"translate": (0, 0.6)}, {}),
        ({"scale": (2, 2)}, {}),
        ({"rotate": 20}, {}),
        ({"shear": [0.5]}, {}),
        ({"affine": [[1, 0, 0], [0, 1, 8], [0, 0, 1]]}, {}),
        ({"units": ("nm", "nm")}, {"units": ("um", "um")}),
        ({}, {"scale": (-1, 1)}),
    ],
)
def test_layers_at_another_place_do_not(one, two):
    assert not lies(one, two)


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        ({"translate": (40, 40)}, {}, "'b' lies at (40, 40), 'a' at (0, 0)"),
        (
            {"scale": (2, 2)},
            {"scale": (0.5, 0.5), "units": ("um", "um")},
            "'b' has pixels of the size (2, 2), 'a' of (0.5, 0.5) µm",
        ),
        ({"rotate": 20}, {}, "'b' and 'a' are turned or sheared differently"),
    ],
)
def test_the_difference_is_said_with_both_places(one, two, said):
    found = differing_places(labels(**one), image(**two))
    assert found == said
