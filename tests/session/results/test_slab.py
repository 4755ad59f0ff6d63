"""Which planes of a volume are decided together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.session.results.slab import Slab, slab_around

VOLUME = Image(np.zeros((9, 4, 5)), "zyx", (2.0, 1.0, 0.5))


@given(st.sets(st.integers(0, 8)), st.integers(0, 8), st.integers(1, 9))
def test_a_block_is_the_nearest_planes_that_follow_each_other(known, z, most):
    known = {(i,) for i in known | {z}}
    whole = slab_around((z,), VOLUME, known)
    depths = [index[0] for index in whole.planes]
    assert depths == list(range(depths[0], depths[-1] + 1))
    assert (depths[0] - 1,) not in known
    assert (depths[-1] + 1,) not in known
    assert whole.open_ends == (depths[0] > 0, depths[-1] < 8)
    part = slab_around((z,), VOLUME, known, most=most)
    assert len(part.planes) == min(most, len(whole.planes))
    assert set(part.planes) <= set(whole.planes)
    away = sorted(abs(d - z) for d in depths)[: len(part.planes)]
    assert sorted(abs(index[0] - z) for index in part.planes) == away


@pytest.mark.parametrize("axes", ["tzyx", "ztyx", "zxyt", "xyzt"])
def test_a_block_is_found_in_arrays_of_any_order(axes):
    lengths = {"t": 2, "z": 6, "y": 4, "x": 5}
    array = np.arange(240).reshape([lengths[a] for a in axes])
    image = Image(array, axes, tuple(float("tzyx".index(a) + 1) for a in axes))
    at = {"t": 1, "z": 3}
    index = tuple(at[a] for a in image.stack_axes)
    block = slab_around(index, image, set(image.plane_indices()), most=3)
    whole = array.transpose([axes.index(a) for a in "tzyx"])
    np.testing.assert_array_equal(block.part_of(array, image), whole[1, 2:5])
    assert block.spacing(image, step=2) == (2, 6, 8)
    plane = Slab((index,))
    np.testing.assert_array_equal(plane.part_of(array, image), whole[1, 3])
    assert plane.spacing(image) == (3, 4)
