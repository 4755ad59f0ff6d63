"""Objects of random masks equal those of loops, and shapes have a known number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_images import discs, segmentations
from scipy import ndimage

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.objects.label_objects import objects
from napari_garage_unet.engine.objects.seeds import SeedFinder
from napari_garage_unet.engine.probabilities import quantize

few = settings(max_examples=50, deadline=None)


def flood(mask):
    """Connected pixels, one stack of neighbours after the other, in reading order."""
    out = np.zeros(mask.shape, int)
    count = 0
    for start in zip(*np.nonzero(mask), strict=True):
        if out[start]:
            continue
        count += 1
        stack = [start]
        while stack:
            pixel = stack.pop()
            if out[pixel]:
                continue
            out[pixel] = count
            box = tuple(slice(max(p - 1, 0), p + 2) for p in pixel)
            low = [max(p - 1, 0) for p in pixel]
            near = np.argwhere(mask[box] & (out[box] == 0)) + low
            stack += [tuple(n) for n in near]
    return out


@few
@given(segmentations(), st.sampled_from([1, 2]))
def test_unsplit_objects_are_what_is_connected(labels, class_id):
    found = objects(labels, class_id)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, flood(labels == class_id))


@few
@given(segmentations(), st.tuples(*[st.sampled_from([0.5, 1.0, 3.0])] * 3), st.data())
def test_splitting_only_divides(labels, spacing, data):
    step = spacing[: labels.ndim]
    distance = data.draw(st.sampled_from([None, 0, 1.5, 100]))
    weigh = data.draw(st.booleans())
    p = np.random.default_rng(1).random(labels.shape).astype(np.float32)
    settings = {
        "min_distance": distance,
        "spacing": step,
        "probabilities": p if weigh else None,
    }
    whole, parts = objects(labels, 1), objects(labels, 1, split=True, **settings)
    np.testing.assert_array_equal(parts > 0, labels == 1)
    ids, first = np.unique(parts[parts > 0], return_index=True)
    assert ids.tolist() == list(range(1, ids.size + 1))
    assert (np.diff(first) > 0).all()  # in reading order
    for i in ids:
        assert np.unique(whole[parts == i]).size == 1
        assert ndimage.label(parts == i, np.ones((3,) * labels.ndim))[1] == 1

    finder = SeedFinder(
        labels == 1, spacing=step, probabilities=settings["probabilities"]
    )

    def default_distance(seeds):
        """0.7 of the radius that half of the cross-sections of all seeds exceed."""
        if (labels == 1).all() or not len(seeds.points):
            return 0  # without an outline there is no size
        depth = ndimage.distance_transform_edt(labels == 1, sampling=step)
        radii = depth[tuple(seeds.points.T)]
        if weigh:
            radii = radii * quantize(p)[tuple(seeds.points.T)] / 255
        half, total = (radii**2).sum() / 2, 0.0
        for radius in sorted(radii):
            total += radius**2
            if total >= half - 1e-6:
                return 0.7 * radius - 1e-5
        raise AssertionError

    seeds = finder.find(distance)
    assert sorted(parts[tuple(seeds.points.T)].tolist()) == ids.tolist()
    assert set(seeds.regions.tolist()) == set(range(1, whole.max(initial=0) + 1))
    least = (
        default_distance(finder.find(3 * min(step))) if distance is None else distance
    )
    world = seeds.points * np.array(step)
    for region in set(seeds.regions.tolist()):
        own = world[seeds.regions == region]
        gaps = np.linalg.norm(own[:, None] - own, axis=-1)
        assert (gaps[~np.eye(len(own), dtype=bool)] > least).all()


@pytest.mark.parametrize("spacing", [(1, 1), (2, 1), (0.25, 0.5)])
def test_touching_discs_are_split_whatever_the_spacing(spacing):
    unit = min(spacing)
    shape = tuple(int(40 * unit / s) for s in spacing)
    centres = [(20 * unit, 10 * unit), (20 * unit, 25 * unit)]
    mask = discs(shape, centres, 9 * unit, spacing)
    assert objects(mask).max() == 1
    found = objects(mask, split=True, spacing=spacing)
    assert found.max() == 2
    columns = np.arange(shape[1]) * spacing[1]
    left = found[:, columns < 15.5 * unit]
    right = found[:, columns > 19.5 * unit]
    assert set(np.unique(left)) == {
        0,
        found[shape[0] // 2, int(10 * unit / spacing[1])],
    }
    assert np.unique(right).size == 2
    assert left.max() != right.max()


def test_anisotropic_voxels_split_as_cubes():
    spacing = (3.0, 1.0, 1.0)
    mask = discs((9, 30, 40), [(13, 15, 10), (13, 15, 26)], 9.5, spacing)
    assert objects(mask).max() == 1
    assert objects(mask, split=True, spacing=spacing).max() == 2


def test_probability_splits_what_has_no_neck():
    mask = np.zeros((20, 60), bool)
    mask[5:15, 5:55] = True
    p = np.where(mask, 1.0, 0).astype(np.float32)
    p[:, 27:33] = 0.5
    found = objects(mask, split=True, probabilities=p, min_distance=15)
    ids_left, ids_right = np.unique(found[10, 6:26]), np.unique(found[10, 34:54])
    assert not set(ids_left) & set(ids_right)


@pytest.mark.parametrize("scale", [1, 3])
def test_the_distance_is_chosen_by_the_size_of_the_objects(scale):
    """Rough discs of any size are split alike; small regions do not matter."""
    centres = np.array([(15, 12), (15, 27), (45, 20), (42, 35)]) * scale
    mask = discs((60 * scale, 50 * scale), centres, 8.5 * scale)
    rough = np.random.default_rng(0).standard_normal(mask.shape)
    mask |= discs(mask.shape, centres, 9.5 * scale) & (rough > 0)
    mask[2:6, 2 : 40 * scale : 9] = True
    found = objects(mask, split=True)
    big = np.bincount(found.ravel())[1:] > 50 * scale**2
    assert big.sum() == 4
    assert len(set(found[tuple(centres.T)].tolist())) == 4


def test_a_large_distance_splits_nothing():
    mask = discs((30, 40), [(15, 10), (15, 25)], 9)
    assert objects(mask, split=True, min_distance=100).max() == 1


def test_planes_of_a_stack_share_no_object():
    stack = np.ones((3, 4, 4), np.uint8)
    found = objects(stack, 1, connected_axes=2)
    np.testing.assert_array_equal(found[:, 0, 0], [1, 2, 3])


def test_classes_stay_apart():
    np.testing.assert_array_equal(
        objects(np.array([2, 2, 1, 1, 0, 2])), [1, 1, 2, 2, 0, 3]
    )


def test_bad_input_is_named():
    mask = np.ones((4, 4), bool)
    with pytest.raises(InputError, match="spacing"):
        objects(mask, spacing=(1, 0))
    with pytest.raises(InputError, match="distance"):
        objects(mask, min_distance=-1)
    with pytest.raises(InputError, match="do not fit"):
        objects(mask, split=True, probabilities=np.zeros((3, 3), np.uint8))
    with pytest.raises(InputError, match="At least one axis"):
        objects(mask, connected_axes=0)


def test_the_step_of_time_does_not_change_the_split_distance():
    rough = np.random.default_rng(5).standard_normal((60, 60))
    mask = ndimage.gaussian_filter(rough, 3) > 0
    film = np.stack([mask, mask])
    one = objects(mask, split=True)
    for seconds in (0.01, 1.0, 60.0):
        found = objects(film, split=True, spacing=(seconds, 1, 1), connected_axes=2)
        np.testing.assert_array_equal(found[0], one)
        np.testing.assert_array_equal(found[1] > 0, mask)
        assert found.max() == 2 * one.max()
