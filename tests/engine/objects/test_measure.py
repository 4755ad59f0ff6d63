"""Measurements equal sums over pixels, and those of shapes of known size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.objects.measure import class_totals, measure


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 3), st.integers(0, 2**32 - 1), st.data())
def test_rows_are_sums_over_pixels(ndim, seed, data):
    shape = tuple(data.draw(st.integers(1, 7)) for _ in range(ndim))
    dtype = data.draw(st.sampled_from([np.uint8, np.int32, np.int64]))
    top = data.draw(st.sampled_from([0, 1, 4]))
    rng = np.random.default_rng(seed)
    objects = (rng.integers(0, top + 1, shape) * 3).astype(dtype)
    image = rng.random((*shape, 2))
    spacing = np.array([0.5, 2.0, 3.0][:ndim])
    origin = np.array([10.0, -1.0, 0.0][:ndim])
    table = measure(objects, image=image, spacing=spacing, origin=origin)
    assert table["label"].tolist() == [i for i in np.unique(objects) if i]
    assert all(column.shape == table["label"].shape for column in table.values())
    axes = "zyx"[-ndim:]
    for row, label in enumerate(table["label"]):
        place = np.argwhere(objects == label)
        world = place * spacing + origin
        size = len(place) * spacing.prod()
        assert table["area" if ndim == 2 else "volume"][row] == pytest.approx(size)
        low = world.min(axis=0) - spacing / 2
        high = world.max(axis=0) + spacing / 2
        for axis, name in enumerate(axes):
            assert table[f"centroid_{name}"][row] == pytest.approx(
                world[:, axis].mean()
            )
            assert table[f"bbox_min_{name}"][row] == pytest.approx(low[axis])
            assert table[f"bbox_max_{name}"][row] == pytest.approx(high[axis])
        for channel in range(2):
            mean = image[objects == label][:, channel].mean()
            assert table[f"mean_{channel}"][row] == pytest.approx(mean)
        assert table["extent"][row] == pytest.approx(size / np.prod(high - low))
        variance = np.cov(world.T, bias=True) + np.diag(spacing**2) / 12
        axis_lengths = 2 * np.sqrt((ndim + 2) * np.linalg.eigvalsh(variance))
        assert table["axis_major"][row] == pytest.approx(axis_lengths[-1])
        assert table["axis_minor"][row] == pytest.approx(axis_lengths[0])


@pytest.mark.parametrize("spacing", [(1, 1), (2, 0.5), (2, 1, 1)])
def test_a_ball_is_round_in_world_units(spacing):
    radius = 20
    shape = [int(50 / s) for s in spacing]
    grid = np.moveaxis(np.indices(shape), 0, -1) * np.array(spacing)
    ball = (np.linalg.norm(grid - 24, axis=-1) <= radius).astype(np.uint8)
    table = measure(ball, spacing=spacing)
    for name in ("equivalent_diameter", "axis_major", "axis_minor"):
        assert table[name][0] == pytest.approx(2 * radius, rel=0.02)
    assert table["elongation"][0] == pytest.approx(1, abs=0.03)
    assert table["centroid_y"][0] == pytest.approx(24, abs=0.1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 3]), st.integers(0, 6))
def test_totals_are_counts_of_pixels(seed, top, width):
    labels = np.random.default_rng(seed).integers(0, top + 1, (5, width))
    table = class_totals(labels, (3, 1), spacing=(2, 0.5))
    for row, class_id in enumerate((3, 1)):
        pixels = (labels == class_id).sum()
        assert table["area"][row] == pixels
        assert table["fraction"][row] == pytest.approx(pixels / max(labels.size, 1))
        expected = ndimage.label(labels == class_id, np.ones((3, 3)))[1]
        assert table["count"][row] == expected
    split = np.where(labels == 1, np.arange(labels.size).reshape(labels.shape) + 1, 0)
    counted = class_totals(labels, (1,), objects={1: split})["count"][0]
    assert counted == (labels == 1).sum()


def test_totals_of_a_movie_are_areas_and_of_a_volume_volumes():
    labels = np.ones((3, 2, 2), int)
    assert class_totals(labels, (1,), time=True)["area"].tolist() == [12]
    assert class_totals(labels, (1,))["volume"].tolist() == [12]
    assert "volume" in class_totals(labels[None], (1,), time=True)


def test_bad_input_is_named():
    objects = np.ones((3, 3), int)
    with pytest.raises(InputError, match="2 or 3 axes"):
        measure(np.ones(3, int))
    with pytest.raises(InputError, match="does not fit"):
        measure(objects, image=np.zeros((3, 4)))
    with pytest.raises(InputError, match="3 channels, but 1"):
        measure(objects, image=np.zeros((3, 3, 3)), channels=["red"])
    with pytest.raises(InputError, match="spacing"):
        measure(objects, spacing=(1, -1))


def test_time_points_are_measured_one_by_one():
    rng = np.random.default_rng(0)
    ids = np.zeros((3, 12, 14), np.int32)
    ids[0, 2:5, 2:6], ids[2, 2:4, 2:4], ids[2, 8:11, 5:13] = 1, 1, 2
    image = rng.random((3, 12, 14, 2))
    spacing = (7.0, 0.5, 0.25)
    table = measure(ids, image=image, spacing=spacing, time=True)
    assert list(table)[:3] == ["label", "t", "area"]
    assert table["label"].tolist() == [1, 1, 2]
    assert table["t"].tolist() == [0, 2, 2]
    for t in (0, 2):
        alone = measure(ids[t], image=image[t], spacing=spacing[1:])
        for name, column in alone.items():
            np.testing.assert_array_equal(table[name][table["t"] == t], column)


def test_time_with_depth_has_volumes():
    ids = np.zeros((2, 4, 6, 6), np.int32)
    ids[1, 1:3, 1:4, 1:4] = 5
    table = measure(ids, spacing=(1, 2, 1, 1), time=True)
    assert table["t"].tolist() == [1]
    assert table["volume"].tolist() == [36]
    with pytest.raises(InputError, match="besides time"):
        measure(ids[0, 0], time=True)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_means_are_those_of_finite_pixels(bad):
    ids = np.zeros((40, 40), int)
    ids[5:15, 5:15] = 1
    ids[20:30, 20:30] = 2
    ids[35, 35] = 5
    image = np.full((40, 40), 7.0, "f4")
    image[6, 6] = bad
    image[35, 35] = bad
    table = measure(ids, image=image)
    np.testing.assert_array_equal(table["mean_intensity"], [7, 7, np.nan])
    assert table["area"].tolist() == [100, 100, 1]
    both = measure(ids, image=np.stack([image, np.full_like(image, 2)], axis=-1))
    np.testing.assert_array_equal(both["mean_0"], [7, 7, np.nan])
    np.testing.assert_array_equal(both["mean_1"], [2, 2, 2])
