from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import tifffile
import zarr
from napari.layers import Image
from napari.layers._source import layer_source

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.reading import read_image as read_file
from napari_garage_unet.layers.images import (
    image_place,
    read_image,
    spatial_shape,
    with_place,
)


def pixels(*shape, dtype=np.uint8):
    rng = np.random.default_rng(0)
    return rng.integers(0, 200, shape).astype(dtype)


def test_an_rgb_layer_has_a_channel_axis_at_the_end():
    data = pixels(20, 30, 3)
    image = read_image([Image(data, rgb=True, name="photo")])
    assert image.axes == "yxc"
    assert image.n_channels == 3
    assert image.spatial_shape == (20, 30)
    assert image.name == "photo"
    assert np.array_equal(image.data, data)


@pytest.mark.parametrize(("extra", "n_channels"), [("unassalpha", 3), (0, 4)])
def test_a_fourth_band_that_the_file_does_not_call_alpha_is_a_channel(
    tmp_path, extra, n_channels
):
    data = pixels(40, 50, 4)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, data, photometric="rgb", extrasamples=[extra])
    with layer_source(path=str(path)):
        layer = Image(data, rgb=True)
    assert read_image([layer]).n_channels == n_channels
    assert read_file(path).n_channels == n_channels


def test_alpha_is_left_out_of_a_colour_layer():
    data = pixels(20, 30, 4)
    image = read_image([Image(data, rgb=True)])
    assert (image.axes, image.n_channels) == ("yxc", 3)
    assert np.array_equal(image.data, data[..., :3])


def test_a_labelled_channel_axis_is_not_part_of_the_strokes_shape():
    layer = Image(pixels(4, 20, 30), axis_labels=("c", "y", "x"), scale=(1, 2, 3))
    assert spatial_shape(layer) == (20, 30)
    image = read_image([layer])
    assert image.n_channels == 4
    assert image.spacing == (2, 3)


@pytest.mark.parametrize("lazy", ["dask", "zarr", "pyramid"])
def test_lazy_layers_and_pyramids_are_read_at_full_resolution(lazy):
    data = pixels(5, 32, 32)
    if lazy == "dask":
        layer = Image(da.from_array(data, chunks=(1, 16, 16)))
    elif lazy == "zarr":
        store = zarr.create_array(store={}, shape=data.shape, dtype=data.dtype)
        store[...] = data
        layer = Image(store)
    else:
        layer = Image([data, data[:, ::2, ::2]], multiscale=True)
    image = read_image([layer])
    assert image.data.shape == data.shape
    for z in range(5):
        assert np.array_equal(image.plane((z,))[..., 0], data[z])


def watched_stack(reads, *shape):
    """A Dask stack that notes which of its planes are made."""

    def block(block_info=None):
        z = block_info[None]["chunk-location"][0]
        reads.append(z)
        return np.full((1, *shape[1:]), z, np.uint8)

    chunks = ((1,) * shape[0], *((n,) for n in shape[1:]))
    return da.map_blocks(block, chunks=chunks, dtype=np.uint8)


@pytest.mark.parametrize("n_layers", [1, 2])
def test_of_a_dask_stack_only_the_plane_asked_for_is_made(n_layers):
    reads = []
    stacks = [watched_stack(reads, 9, 4, 5) for _ in range(n_layers)]
    layers = [Image(stack, contrast_limits=(0, 200)) for stack in stacks]
    reads.clear()
    image = read_image(layers)
    assert image.axes == ("zyx" if n_layers == 1 else "zyxc")
    assert image.data.dtype == np.uint8
    assert reads == []
    plane = image.plane((7,))
    assert plane.shape == (4, 5, n_layers)
    assert (plane == 7).all()
    assert reads == [7] * n_layers


def test_lazy_channels_wherever_their_axis_stands():
    first, second = pixels(2, 3, 4, 5), pixels(3, 4, 5)
    layers = [
        Image(da.from_array(first, chunks=1), axis_labels=("c", "z", "y", "x")),
        Image(da.from_array(second, chunks=1), axis_labels=("z", "y", "x")),
    ]
    image = read_image(layers)
    assert image.axes == "zyxc"
    assert image.n_channels == 3
    assert image.channel_names == ("Image 0", "Image 1", "Image")
    expected = [first[0, 1], first[1, 1], second[1]]
    assert np.array_equal(image.plane((1,)), np.stack(expected, axis=-1))


def test_layers_become_channels_in_their_order():
    first, second = pixels(5, 6), pixels(5, 6, dtype=np.float32)
    image = read_image([Image(first), Image(second)])
    assert image.axes == "yxc"
    assert np.allclose(image.plane()[..., 0], first)
    assert np.allclose(image.plane()[..., 1], second)


def test_spacing_and_units_come_from_the_layer():
    layer = Image(pixels(7, 5, 6), scale=(2, 0.5, -0.5), units=("um",) * 3)
    image = read_image([layer])
    assert image.spacing == (2, 0.5, 0.5)
    assert "micrometer" in image.units


def test_channels_of_different_shape_are_refused_naming_both():
    with pytest.raises(InputError, match=r"'a' \(5, 6\).*'b' \(5, 7\)"):
        read_image([Image(pixels(5, 6), name="a"), Image(pixels(5, 7), name="b")])


def test_an_empty_layer_is_refused_with_its_name():
    layer = Image(np.zeros((0, 8, 8), np.uint8), contrast_limits=(0, 1), name="hollow")
    with pytest.raises(InputError, match="hollow is empty"):
        read_image([layer])


@pytest.mark.parametrize("dtype", [bool, np.uint16, np.int32, np.float32, np.float64])
def test_all_usual_dtypes_are_read_as_they_are(dtype):
    data = pixels(5, 6).astype(dtype)
    image = read_image([Image(data)])
    assert np.array_equal(image.data, data)


def test_an_image_lies_where_its_layer_does():
    layer = Image(
        pixels(7, 5, 6),
        scale=(200, 0.5, -0.5),
        translate=(400, 2, 3),
        units=("nm", "um", "um"),
    )
    image = read_image([layer])
    assert image.spacing == (0.2, 0.5, 0.5)
    assert image.origin == (0.4, 2, 3)
    assert image.flipped == "x"
    assert image.units == "micrometer"
    assert read_image([layer, layer]).origin == (0.4, 2, 3)


def test_another_place_is_taken_over_without_reading_pixels():
    layer = Image(pixels(5, 6), name="a")
    image = read_image([layer])
    layer.scale = (2, 3)
    moved = with_place(image, image_place(layer))
    assert moved.data is image.data
    assert moved.spacing == (2, 3)


def test_channels_that_lie_elsewhere_are_refused_naming_both_places():
    first = Image(pixels(5, 6), name="a")
    with pytest.raises(InputError, match=r"'b' lies at \(3, 3\), 'a' at \(0, 0\)"):
        read_image([first, Image(pixels(5, 6), name="b", translate=(3, 3))])
