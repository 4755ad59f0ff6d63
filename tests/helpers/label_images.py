"""Random label images, and discs of which the number is known."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy import ndimage


@st.composite
def label_images(draw, max_axes=3, top=4):
    """Small label images of noise, of blobs or of one value."""
    shape = tuple(draw(st.lists(st.integers(1, 8), min_size=1, max_size=max_axes)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["noise", "blobs", "constant"]))
    dtype = draw(st.sampled_from([np.uint8, np.uint16, np.int64]))
    if kind == "constant":
        return np.full(shape, draw(st.integers(0, top)), dtype)
    image = rng.integers(0, top + 1, shape)
    if kind == "blobs":
        image = ndimage.median_filter(image, 3, mode="nearest")
    return image.astype(dtype)


def discs(shape, centres, radius, spacing=None):
    """Return the mask of discs or balls; centres and radius in world units."""
    step = np.ones(len(shape)) if spacing is None else np.array(spacing)
    grid = np.moveaxis(np.indices(shape), 0, -1) * step
    near = [np.linalg.norm(grid - np.array(c), axis=-1) <= radius for c in centres]
    return np.any(near, axis=0)


@st.composite
def segmentations(draw, top=2):
    """Small label images of noise or of one value; axes may be empty."""
    shape = tuple(draw(st.lists(st.integers(0, 10), min_size=1, max_size=3)))
    seed = draw(st.integers(0, 2**32 - 1))
    dtype = draw(st.sampled_from([np.uint8, np.int32, np.uint16]))
    if draw(st.booleans()):
        return np.full(shape, draw(st.integers(0, top)), dtype)
    return np.random.default_rng(seed).integers(0, top + 1, shape).astype(dtype)
