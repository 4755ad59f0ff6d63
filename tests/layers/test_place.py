from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image

from napari_garage_unet.layers.place import place_of

UM = ("um", "um")


def place(axes="yx", **placed):
    shape = tuple(4 + i for i in range(len(axes)))
    return place_of(Image(np.zeros(shape), name="a", rgb=False, **placed), axes)


def test_a_layer_as_it_is_opened_has_pixels_of_one():
    assert place("zyx").spacing == (1, 1, 1)
    assert place("zyx").origin == (0, 0, 0)
    assert place("zyx").units == "pixel"
    assert place("zyx").notes == ()


def test_scale_and_translation_come_as_they_were_set():
    found = place(scale=(0.1, 0.3), translate=(10, -20), units=UM)
    assert found.spacing == (0.1, 0.3)
    assert found.origin == (10, -20)
    assert found.units == "micrometer"


def test_each_axis_has_its_own_unit():
    found = place(
        "zyx",
        scale=(200, 0.1, 0.1),
        translate=(1000, 2, 3),
        units=("nm", "um", "um"),
    )
    assert found.spacing == (0.2, 0.1, 0.1)
    assert found.origin == (1, 2, 3)
    assert found.units == "micrometer"
    assert found.notes == ()


@pytest.mark.parametrize(
    ("unit", "scale", "name", "size"),
    [
        ("km", 2, "meter", 2000),
        ("pm", 500, "nanometer", 0.5),
        ("angstrom", 3, "angstrom", 3),
        ("inch", 3, "inch", 3),
        ("cm", 3, "centimeter", 3),
    ],
)
def test_any_length_is_a_length(unit, scale, name, size):
    found = place(scale=(scale, scale), units=(unit, unit))
    assert found.units == name
    assert found.spacing == pytest.approx((size, size))


def test_an_affine_that_scales_and_moves_counts_with_the_scale():
    affine = [[0.5, 0, 7], [0, 0.25, 9], [0, 0, 1]]
    assert place(affine=affine).spacing == (0.5, 0.25)
    assert place(affine=affine).origin == (7, 9)
    both = place(affine=affine, scale=(2, 3), translate=(10, 20))
    assert both.spacing == (1, 0.75)
    assert both.origin == (12, 14)


def test_rotation_keeps_the_size_of_a_pixel():
    found = place(rotate=25, scale=(2, 3), translate=(5, 6))
    assert found.spacing == pytest.approx((2, 3))
    assert found.origin == (5, 6)
    assert found.notes == ()


def test_a_rotation_between_axes_of_different_units_counts_both():
    found = place(
        "zyx",
        affine=[[0, 0, 1000, 0], [0, 1, 0, 0], [-1 / 1000, 0, 0, 0], [0, 0, 0, 1]],
        scale=(200, 1, 0.1),
        units=("nm", "um", "um"),
    )
    assert found.spacing == pytest.approx((0.2, 1, 0.1))


def test_shear_keeps_area_and_volume_and_says_so():
    found = place(shear=[0.3], scale=(0.5, 0.5), units=UM)
    assert np.prod(found.spacing) == pytest.approx(0.25)
    (note,) = found.notes
    assert "'a' is sheared" in note
    sheared = place(
        "zyx", affine=[[2, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0] * 3 + [1]]
    )
    assert np.prod(sheared.spacing) == pytest.approx(2)


def test_negative_scale_is_a_size_and_a_direction():
    found = place("zyx", scale=(1, -0.5, 0.5), translate=(0, 10, 0))
    assert found.spacing == (1, 0.5, 0.5)
    assert found.origin == (0, 10, 0)
    assert found.flipped == "y"


def test_time_is_no_length():
    found = place("tyx", scale=(30, 0.5, 0.5), units=("s", "um", "um"))
    assert found.spacing == (30, 0.5, 0.5)
    assert found.units == "micrometer"
    assert found.notes == ()
    # In milliseconds it stays what the layer says.
    assert place("tyx", scale=(40, 1, 1), units=("ms", "um", "um")).spacing[0] == 40


def test_channels_have_no_place():
    found = place("cyx", scale=(1, 2, 3), translate=(9, 5, 6), units=("pixel", *UM))
    assert found.spacing == (2, 3)
    assert found.origin == (5, 6)
    assert found.units == "micrometer"


@pytest.mark.parametrize(
    "units", [("pixel", "um", "um"), ("s", "um", "um"), ("pixel", "degree", "degree")]
)
def test_sizes_are_in_pixels_where_an_axis_has_no_length_and_a_note_says_so(units):
    found = place("zyx", scale=(7, 0.1, 0.1), translate=(1, 1, 1), units=units)
    assert found.spacing == (1, 1, 1)
    assert found.origin == (0, 0, 0)
    assert found.units == "pixel"
    (note,) = found.notes
    assert note.startswith("Sizes of 'a' are in pixels, because")
    assert "z in " in note


def test_a_layer_without_extent_is_in_pixels_and_a_note_says_so():
    for broken in ({"affine": np.diag([0, 1, 1])}, {"scale": (np.nan, 1)}):
        found = place(**broken)
        assert found.spacing == (1, 1)
        assert "no extent" in found.notes[0]
