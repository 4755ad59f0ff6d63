"""Seeds of objects, for one split distance after the other."""

from __future__ import annotations

import numpy as np
import pytest
from label_images import discs
from scipy import ndimage

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.objects.label_objects import objects
from napari_garage_unet.engine.objects.seeds import SeedFinder


@pytest.mark.parametrize("distance", [0.0, 2.0, None, 15.0, 1000.0])
def test_each_object_has_one_seed(distance):
    rng = np.random.default_rng(3)
    mask = ndimage.gaussian_filter(rng.standard_normal((90, 120)), 4) > 0.02
    settings = {"probabilities": rng.random(mask.shape), "spacing": (0.5, 1.5)}
    finder = SeedFinder(mask, **settings)
    finder.find(7.0)  # an earlier distance does not matter
    seeds = finder.find(distance)
    ids = objects(mask, split=True, min_distance=distance, **settings)
    found = sorted(ids[tuple(seeds.points.T)].tolist())
    assert found == list(range(1, ids.max() + 1))


def test_a_larger_distance_leaves_fewer_seeds_and_one_in_each_region():
    rng = np.random.default_rng(3)
    mask = ndimage.gaussian_filter(rng.standard_normal((90, 120)), 4) > 0.02
    finder = SeedFinder(mask)
    counts = [len(finder.find(distance).points) for distance in (0.0, 5.0, 1000.0)]
    assert counts[0] > counts[1] > counts[2]
    assert counts[2] == ndimage.label(mask, np.ones((3, 3)))[1]


def test_seeds_lie_in_the_middle_of_discs_and_name_their_region():
    centres = [(15, 12), (15, 27), (45, 20)]
    mask = discs((60, 50), centres, 8.5)
    seeds = SeedFinder(mask).find()
    order = np.lexsort(seeds.points.T[::-1])
    assert np.abs(seeds.points[order] - centres).max() <= 1
    assert seeds.regions[order].tolist() == [1, 1, 2]


def test_an_empty_mask_has_no_seeds():
    seeds = SeedFinder(np.zeros((4, 5), bool)).find()
    assert seeds.points.shape == (0, 2)
    assert seeds.regions.size == 0


def test_a_distance_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="distance"):
        SeedFinder(np.ones((4, 4), bool)).find(float("nan"))
    with pytest.raises(InputError, match="do not fit"):
        SeedFinder(np.ones((4, 4), bool), probabilities=np.zeros((3, 3), np.uint8))
