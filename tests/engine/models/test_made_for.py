"""What a model knows of the images it was made for, and says of others."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.models.made_for import MadeFor, describe_length


def picture(axes="yx", *, name="new.tif", **fields):
    shape = [{"c": 2, "t": 3, "z": 3}.get(axis, 8) for axis in axes]
    return Image(np.zeros(shape), axes, name=name, **fields)


def in_micrometers(size, **fields):
    return picture(spacing=(size, size), units="micrometer", **fields)


def test_another_pixel_size_is_said_with_both_sizes_and_their_ratio():
    made_for = MadeFor.of([in_micrometers(0.5)])
    (said,) = made_for.differences(in_micrometers(0.25), axes="yx")
    assert "Pixels of new.tif are 0.25 µm" in said
    assert "pixels of 0.5 µm: things look 2 times larger" in said
    (said,) = made_for.differences(in_micrometers(1.0), axes="yx")
    assert "2 times smaller" in said


def test_the_same_size_in_another_unit_is_no_difference():
    made_for = MadeFor.of([in_micrometers(0.5)])
    nanometers = picture(spacing=(500, 500), units="nanometer")
    assert made_for.differences(nanometers, axes="yx") == ()
    assert made_for.differences(in_micrometers(0.53), axes="yx") == ()


def test_another_distance_of_planes_is_said():
    made_for = MadeFor.of([picture("zyx", spacing=(2, 0.5, 0.5), units="micrometer")])
    other = picture("zyx", spacing=(1, 0.5, 0.5), units="micrometer")
    (said,) = made_for.differences(other, axes="zyx")
    assert "Pixels of new.tif are 1 µm along z" in said


@pytest.mark.parametrize(
    ("learnt", "given"),
    [
        (picture(), in_micrometers(0.5)),
        (in_micrometers(0.5), picture()),
        (picture("yxc", channel_names=("GFP", "DAPI")), picture("yxc")),
        (picture("yxc"), picture("yxc", channel_names=("GFP", "DAPI"))),
        (picture("yxc"), picture("cyx")),
        (picture("yx"), picture("tyx")),
    ],
)
def test_where_either_side_is_not_known_nothing_is_said(learnt, given):
    assert MadeFor.of([learnt]).differences(given, axes=learnt.axes) == ()


def test_channels_in_another_order_are_said_with_both_orders():
    made_for = MadeFor.of([picture("yxc", channel_names=("GFP", "DAPI"))])
    swapped = picture("yxc", channel_names=("DAPI", "GFP"))
    (said,) = made_for.differences(swapped, axes="yxc")
    assert "are DAPI, GFP and the model learnt from GFP, DAPI; put them in" in said
    same = picture("cyx", channel_names=("gfp ", "dapi"))
    assert made_for.differences(same, axes="yxc") == ()
    other = picture("yxc", channel_names=("GFP", "Cy5"))
    assert "check that they show" in made_for.differences(other, axes="yxc")[0]


def test_a_movie_for_a_model_of_stacks_is_said():
    (said,) = MadeFor().differences(picture("tyx"), axes="zyx")
    assert "new.tif is a movie (t) and the model learnt from a stack (z)" in said


def test_what_differs_between_the_images_in_training_is_not_known():
    different = MadeFor.of(
        [
            in_micrometers(0.5, channel_names=("GFP",)),
            in_micrometers(0.25, channel_names=("DAPI",)),
        ]
    )
    assert different == MadeFor()


def test_it_survives_its_form_in_json():
    made_for = MadeFor.of(
        [
            picture(
                "zcyx",
                spacing=(2, 0.5, 0.5),
                units="micrometer",
                channel_names=("GFP", "DAPI"),
            )
        ]
    )
    assert dict(made_for.pixel_size) == {"z": 2.0, "y": 0.5, "x": 0.5}
    assert MadeFor.from_json(made_for.to_json()) == made_for
    assert MadeFor.from_json({}) == MadeFor()


@pytest.mark.parametrize(
    ("micrometers", "text"),
    [
        (0.25, "0.25 µm"),
        (0.05, "50 nm"),
        (0.00034, "0.34 nm"),
        (12.5, "12.5 µm"),
        (2500, "2.5 mm"),
        (10e6, "10 m"),
        (30e6, "30 m"),
    ],
)
def test_lengths_are_said_in_the_unit_that_suits_them(micrometers, text):
    assert describe_length(micrometers) == text
