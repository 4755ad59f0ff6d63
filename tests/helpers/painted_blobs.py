"""A picture of discs, and strokes on it."""

from __future__ import annotations

import numpy as np
from skimage.draw import disk


def blobs(seed=0, shape=(128, 128), n=14):
    """Bright textured discs on a dark ground, and their mask (1 ground, 2 discs)."""
    rng = np.random.default_rng(seed)
    mask = np.ones(shape, np.uint8)
    for y, x in rng.integers(8, np.array(shape) - 8, (n, 2)):
        mask[disk((y, x), rng.integers(5, 9), shape=shape)] = 2
    image = np.where(mask == 2, 0.6, 0.3) + rng.normal(0, 0.08, shape)
    return image.astype(np.float32), mask


def scribble(mask, seed=0, n=8, ids=None):
    """Short strokes inside each class."""
    rng = np.random.default_rng(seed)
    strokes = np.zeros(mask.shape, np.uint8)
    for class_id in ids or np.unique(mask):
        ys, xs = np.nonzero(mask == class_id)
        for at in rng.choice(len(ys), n):
            box = (slice(ys[at], ys[at] + 2), slice(max(xs[at] - 3, 0), xs[at] + 3))
            strokes[box] = np.where(mask[box] == class_id, class_id, strokes[box])
    return strokes
