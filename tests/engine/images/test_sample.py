"""Planes that stand for a stack, and stacks of which only some planes are there."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.planes_at_hand import PlanesAtHand
from napari_garage_unet.engine.images.sample import sample_planes


def test_a_short_stack_is_its_own_sample() -> None:
    image = Image(np.zeros((3, 4, 5), np.uint8), "zyx")
    assert sample_planes(image) == ((0,), (1,), (2,))
    assert sample_planes(Image(np.zeros((4, 5), np.uint8), "yx")) == ((),)


def test_the_sample_of_a_long_stack_goes_from_end_to_end() -> None:
    image = Image(np.broadcast_to(np.uint8(0), (101, 4, 5)), "tyx")
    sample = sample_planes(image, at_most=5)
    assert sample == ((0,), (25,), (50,), (75,), (100,))


def test_planes_at_hand_are_read_and_others_are_named() -> None:
    data = PlanesAtHand((2, 3, 4, 5), np.uint16, "tcyx", name="movie")
    image = Image(data, "tcyx", name="movie")
    data.put((1,), np.arange(60, dtype=np.uint16).reshape(3, 4, 5))
    assert image.plane((1,)).shape == (4, 5, 3)
    assert image.plane((1,))[0, 0].tolist() == [0, 20, 40]
    with pytest.raises(InputError, match="Plane t 0 of movie has not been read"):
        image.plane((0,))


def test_the_sample_of_planes_at_hand_stays_when_more_come() -> None:
    data = PlanesAtHand((500, 4, 5), np.uint8, "zyx", name="stack")
    image = Image(data, "zyx")
    assert sample_planes(image) == ()
    data.put((250,), np.zeros((4, 5), np.uint8))
    assert sample_planes(image) == ((250,),)
    data.put((3,), np.ones((4, 5), np.uint8))
    assert sample_planes(image) == ((250,),)
