"""Images of which the engine gets only the planes that are needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.process.protocol.messages import (
    DropPlane,
    OpenImage,
    SetPlane,
    SetStrokes,
    SharedArray,
)
from napari_garage_unet.process.protocol.shared_arrays import SharedBlock
from napari_garage_unet.process.server.images import ImageRegistry


@pytest.fixture
def registry() -> ImageRegistry:
    """A movie of 500 frames with two channels is open under "a"; nothing is there."""
    registry = ImageRegistry()
    array = SharedArray("", (500, 2, 4, 6), "<u2")
    registry.open_image(OpenImage(1, "a", array, "tcyx", (), "movie"))
    return registry


def paint(registry: ImageRegistry, number: int, values: Any, **how: Any) -> bool:
    with SharedBlock.copy_of(np.asarray(values, np.uint8)) as block:
        return registry.set_strokes(SetStrokes(number, "a", block.description, **how))


def test_a_plane_is_there_from_its_message_to_the_one_that_takes_it_back(
    registry: ImageRegistry,
) -> None:
    image = registry.image("a")
    assert image.data.shape == (500, 2, 4, 6)
    with pytest.raises(InputError, match="Plane t 250 of movie has not been read"):
        image.plane((250,))
    pixels = np.arange(48, dtype="<u2").reshape(2, 4, 6)
    with SharedBlock.copy_of(pixels) as block:
        registry.set_plane(SetPlane(2, "a", (250,), block.description))
        np.testing.assert_array_equal(image.plane((250,)), np.moveaxis(pixels, 0, -1))
        registry.drop_plane(DropPlane(3, "a", (250,)))
    with pytest.raises(InputError, match="Plane t 250"):
        image.plane((250,))


@pytest.mark.parametrize("plane", [(), (500,), (-1,), (0, 0)])
def test_a_plane_that_the_image_does_not_have_is_refused(
    registry: ImageRegistry, plane: tuple[int, ...]
) -> None:
    with (
        SharedBlock.copy_of(np.zeros((2, 4, 6), "<u2")) as block,
        pytest.raises(InputError, match="movie has no plane"),
    ):
        registry.set_plane(SetPlane(2, "a", plane, block.description))


def test_strokes_come_with_the_positions_that_are_painted(
    registry: ImageRegistry,
) -> None:
    painted = np.zeros((2, 4, 6), np.uint8)
    painted[0, 1, 1], painted[1, 2, 2] = 1, 2
    assert paint(registry, 2, painted, positions=(3, 250))
    strokes = registry.strokes("a")
    assert strokes.shape == (500, 4, 6)
    assert np.argwhere(strokes).tolist() == [[3, 1, 1], [250, 2, 2]]
    box = ((7, 8), (0, 1), (0, 1))
    assert paint(registry, 3, [[[5]]], box=box, follows=2)
    assert np.argwhere(registry.strokes("a"))[1].tolist() == [7, 0, 0]


@pytest.mark.parametrize("positions", [(3,), (3, 500)])
def test_positions_that_do_not_fit_are_refused(
    registry: ImageRegistry, positions: tuple[int, ...]
) -> None:
    with pytest.raises(InputError, match="movie"):
        paint(registry, 2, np.ones((2, 4, 6)), positions=positions)
