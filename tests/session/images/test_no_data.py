"""What a person says of values without data reaches the engine."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers._source import layer_source

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.no_data import no_data_of
from napari_garage_unet.layers.no_data import can_mask, nodata_of, set_nodata

GDAL_NODATA = 42113


def holes(engine):
    (image,) = engine.images.values()
    return no_data_of(image, next(iter(image.plane_indices())))


def test_a_value_and_a_mask_reach_the_engine(viewer, painted, engine, halves, run):
    current = painted.images.current
    mask = viewer.add_labels(np.ones(halves.shape, np.uint8), name="mask")
    painted.learn()
    run(lambda: bool(engine.images))
    assert holes(engine) is None

    current.say_nodata(20)
    painted.learn()
    run(lambda: bool(engine.images) and holes(engine) is not None)
    np.testing.assert_array_equal(holes(engine), halves == 20)

    current.say_nodata(None)
    mask.data[:, 50:] = 0
    current.choose_mask(mask)
    painted.learn()
    run(lambda: bool(engine.images) and holes(engine) is not None)
    np.testing.assert_array_equal(holes(engine), mask.data == 0)
    assert nodata_of(current.layer) is None


@pytest.mark.parametrize(
    ("dtype", "tag", "value"),
    [
        ("f4", "-9999", -9999.0),
        ("f4", "-3.4028234663852886e+38", -3.4028234663852886e38),
        ("u1", "0", 0.0),
        ("u1", "-9999", None),
        ("f4", "nan", None),
        ("f4", "none", None),
    ],
)
def test_the_file_of_a_layer_names_the_value(tmp_path, dtype, tag, value):
    path = tmp_path / "dem.tif"
    pixels = np.ones((8, 9), dtype)
    tifffile.imwrite(path, pixels, extratags=[(GDAL_NODATA, "s", 0, tag, True)])
    viewer = ViewerModel()
    with layer_source(path=str(path)):
        layer = viewer.add_image(pixels)
    assert nodata_of(layer) == value
    set_nodata(layer, 5.0)
    assert nodata_of(layer) == 5
    set_nodata(layer, None)
    assert nodata_of(layer) is None
    assert nodata_of(viewer.add_image(pixels)) is None


def test_layers_of_the_shape_can_be_masks():
    viewer = ViewerModel()
    stack = viewer.add_image(np.zeros((30, 8, 9)))
    for shape, fits in (((30, 8, 9), True), ((8, 9), True), ((9, 8), False)):
        assert can_mask(viewer.add_labels(np.zeros(shape, np.uint8)), stack) is fits
        assert can_mask(viewer.add_image(np.zeros(shape)), stack) is fits
    assert not can_mask(stack, stack)
    assert not can_mask(viewer.add_image(np.zeros((8, 9, 3), np.uint8)), stack)
    assert not can_mask(viewer.add_points(np.zeros((1, 2))), stack)


def test_a_mask_that_has_changed_its_shape_is_refused(viewer, painted, halves):
    current = painted.images.current
    mask = viewer.add_labels(np.ones(halves.shape, np.uint8), name="mask")
    current.choose_mask(mask)
    assert current.image().data_mask is not None
    mask.data = np.ones((4, 5), np.uint8)
    with pytest.raises(InputError, match="The mask of halves has shape"):
        current.image()
