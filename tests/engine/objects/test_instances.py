"""Objects of all classes, and one table of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import disk

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.objects.instances import (
    class_objects,
    needs_probabilities,
    objects_table,
    totals_table,
)

CLASSES = (ClassInfo(1, "ground", background=True), ClassInfo(3, "cell"), ClassInfo(4))


@pytest.fixture
def labels():
    """Two touching discs of class 3 and one square of class 4 on the ground."""
    labels = np.ones((60, 80), np.uint8)
    for centre in ((20, 20), (20, 34)):
        labels[disk(centre, 9)] = 3
    labels[45:50, 60:70] = 4
    return labels


def make_image(shape, axes="yx", **kwargs):
    return Image(np.arange(np.prod(shape)).reshape(shape), axes, **kwargs)


def test_background_has_no_objects_and_ids_go_on(labels):
    found = class_objects(labels, CLASSES, make_image(labels.shape))
    assert list(found) == [3, 4]
    assert set(np.unique(found[3])) == {0, 1}
    assert set(np.unique(found[4])) == {0, 2}
    np.testing.assert_array_equal(found[4] == 2, labels == 4)


@pytest.mark.parametrize("how", ["everywhere", "by rule"])
def test_touching_objects_are_split_when_asked_for(labels, how):
    found = class_objects(
        labels,
        CLASSES,
        make_image(labels.shape),
        split=how == "everywhere",
        rules={3: ClassRule(split=True)} if how == "by rule" else None,
    )
    left, right = found[3][20, 20], found[3][20, 34]
    assert {left, right} == {1, 2}


def test_time_points_are_apart_but_depth_connects(labels):
    stack = np.stack([labels, labels])
    over_time = class_objects(stack, CLASSES, make_image(stack.shape, "tyx"))
    in_depth = class_objects(stack, CLASSES, make_image(stack.shape, "zyx"))
    assert over_time[3].max() == 2
    assert in_depth[3].max() == 1


def test_the_table_names_classes_and_measures_in_world_units(labels):
    image = make_image((2, *labels.shape), "cyx", spacing=(0.5, 0.5), units="µm")
    found = class_objects(labels, CLASSES, image, split=True)
    table = objects_table(found, CLASSES, image)
    assert list(table["class"]) == ["cell", "cell", "class 4"]
    assert table["area"][2] == pytest.approx(50 * 0.25)
    assert table["centroid_y"][2] == pytest.approx(47 * 0.5)
    means = [name for name in table if name.startswith("mean_")]
    assert len(means) == 2
    square = labels == 4
    assert table[means[1]][2] == pytest.approx(np.asarray(image.data)[1][square].mean())


def test_a_segmentation_without_objects_has_an_empty_table(labels):
    image = make_image(labels.shape)
    nothing = class_objects(np.ones_like(labels), CLASSES, image)
    table = objects_table(nothing, CLASSES, image)
    assert all(len(column) == 0 for column in table.values())


def test_splitting_by_probability_finds_a_border_that_the_outline_hides():
    labels = np.zeros((24, 60), np.uint8)
    labels[disk((12, 20), 9)] = labels[disk((12, 27), 9)] = 3
    p = np.full((3, 24, 60), 0.05, np.float32)
    p[1, labels == 3] = 0.9
    p[1, :, 23:25] = 0.4
    ids = {
        how: class_objects(
            labels,
            CLASSES,
            make_image(labels.shape),
            split=True,
            split_by=how,
            probabilities=p,
        )[3]
        for how in ("distance", "probability")
    }
    assert ids["distance"].max() == 1
    assert ids["probability"].max() == 2
    assert np.flatnonzero(np.diff(ids["probability"][12, 12:36])).tolist() == [11]


def test_splitting_by_probability_without_them_is_one_sentence(labels):
    rules = {3: ClassRule(split=True, split_by="probability")}
    assert needs_probabilities(CLASSES, rules)
    assert not needs_probabilities(CLASSES, {3: ClassRule(split_by="probability")})
    with pytest.raises(InputError, match="cell is to be split by probability"):
        class_objects(labels, CLASSES, make_image(labels.shape), rules=rules)


@pytest.mark.parametrize("axes", ["tzyx", "ztyx", "tyx", "xyt"])
def test_the_order_of_axes_changes_nothing_but_ids(axes):
    rng = np.random.default_rng(0)
    order = [a for a in "tzyx" if a in axes]
    shape = dict(zip("tzyx", (3, 5, 24, 30), strict=True))
    blobs = ndimage.gaussian_filter(rng.random([shape[a] for a in order]), 2)
    labels = np.where(blobs > np.quantile(blobs, 0.8), 3, 1).astype(np.uint8)
    steps = dict(zip("tzyx", (9.0, 2.0, 0.5, 0.25), strict=True))
    turn = [order.index(a) for a in axes]

    def table_of(letters, array):
        spacing = tuple(steps[a] for a in letters)
        image = Image(array.astype(np.float32), letters, spacing=spacing)
        found = class_objects(array, CLASSES, image, split=True)
        totals = totals_table(array, found, (1, 3, 4), image)
        return objects_table(found, CLASSES, image), totals

    table, totals = table_of("".join(order), labels)
    turned, turned_totals = table_of(axes, labels.transpose(turn))
    assert ("volume" in table) == ("z" in axes)
    assert set(table["t"].tolist()) <= {0, 1, 2}
    for name in ("t", "centroid_y", "centroid_x", "axis_major"):
        a, b = (np.sort(one[name].astype(float)) for one in (table, turned))
        np.testing.assert_allclose(a, b)
    size = "volume" if "z" in axes else "area"
    np.testing.assert_allclose(totals[size], turned_totals[size])
    step = np.prod([steps[a] for a in axes if a != "t"])
    assert totals[size][1] == pytest.approx((labels == 3).sum() * step)


@pytest.mark.parametrize("flipped", ["", "x"])
def test_centroids_and_boxes_are_in_the_world(labels, flipped):
    image = make_image(
        labels.shape, spacing=(0.5, 0.25), origin=(10.0, 20.0), flipped=flipped
    )
    found = class_objects(labels, CLASSES, image)
    table = objects_table(found, CLASSES, image)
    sign = -1 if flipped else 1
    assert table["centroid_y"][-1] == 10 + 47 * 0.5
    assert table["centroid_x"][-1] == 20 + sign * 64.5 * 0.25
    assert table["bbox_min_y"][-1] == 10 + 44.5 * 0.5
    edges = sorted(20 + sign * at * 0.25 for at in (59.5, 69.5))
    assert [table["bbox_min_x"][-1], table["bbox_max_x"][-1]] == edges
    assert table["area"][-1] == 50 * 0.125


def test_the_origin_follows_its_axis_through_time_and_any_order():
    axes, shape = "xty", (8, 2, 6)
    found = {3: np.zeros(shape, np.int32)}
    found[3][4, 1, 2] = 1
    image = make_image(shape, axes, spacing=(1.0, 9.0, 2.0), origin=(100.0, 7.0, 50.0))
    table = objects_table(found, CLASSES, image)
    assert table["t"].tolist() == [1]
    assert table["centroid_x"].tolist() == [104]
    assert table["centroid_y"].tolist() == [54]


@pytest.mark.parametrize("axes", ["yx", "xy", "yxc", "cyx", "zyx", "ctxy"])
def test_intensities_are_means_of_what_has_data(axes):
    lengths = {"t": 2, "z": 2, "y": 20, "x": 30, "c": 2}
    data = np.full([lengths[axis] for axis in axes], 5, np.uint16)
    image = Image(data, axes, nodata=9)
    ids = np.ones(image.spatial_shape, np.int32)
    corner = tuple(slice(0, 3) if axis in "yx" else slice(None) for axis in axes)
    data[corner] = 9
    table = objects_table({3: ids}, CLASSES, image)
    means = [column for name, column in table.items() if name.startswith("mean")]
    assert len(means) == image.n_channels
    np.testing.assert_array_equal(np.concatenate(means), 5)
    masked = Image(np.where(data == 9, 0, data), axes, data_mask=_spatial(data, axes))
    table = objects_table({3: ids}, CLASSES, masked)
    np.testing.assert_array_equal(
        [v for n, c in table.items() if n.startswith("mean") for v in c], 5
    )


def _spatial(data, axes):
    kept = data.take(0, axis=axes.index("c")) if "c" in axes else data
    return kept != 9
