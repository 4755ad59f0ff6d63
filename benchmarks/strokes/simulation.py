"""A simulated person, who paints strokes and corrects a result.

Strokes are lines of a brush of 3 pixels that wander inside one class, as those of a
hand do. The first ones depend on the truth alone; corrections go to the largest
connected errors of each class in a result. Everything is a pure function of its arrays
and of a `numpy.random.Generator`.

The idea of measuring an interactive tool with corrective strokes of a
simulated annotator is that of RootPainter (Smith et al. 2022,
https://doi.org/10.1111/nph.18387).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion, label

STROKES_PER_CLASS = 4
MAX_STROKE_LENGTH_PIXELS = 60
BRUSH_WIDTH_PIXELS = 3

MIN_ERROR_PIXELS = BRUSH_WIDTH_PIXELS**2
"""Errors smaller than one dab of the brush are not corrected."""

# About a quarter turn in ten pixels.
_BEND_RADIANS_PER_PIXEL = 0.5
_MAX_TURNS = 12
_BRUSH = np.ones((BRUSH_WIDTH_PIXELS, BRUSH_WIDTH_PIXELS), dtype=bool)

IntImage = NDArray[np.integer]
Mask = NDArray[np.bool_]


def draw_stroke(
    region: Mask,
    rng: np.random.Generator,
    *,
    max_length: int = MAX_STROKE_LENGTH_PIXELS,
) -> Mask:
    """Draw one stroke inside a region by a random walk.

    The brush stays inside wherever the region is as wide as the brush. In
    regions that are thinner everywhere, the brush follows the region and only
    the part inside it is painted.

    Parameters
    ----------
    region : (H, W) bool
        Where the stroke may be. Must hold at least one pixel.
    rng : numpy.random.Generator
        Source of the start, the directions and the bends.
    max_length : int, optional
        Longest stroke in pixels along its line, brush ends included.

    Returns
    -------
    (H, W) bool
        The painted pixels, a subset of `region`.

    Raises
    ------
    ValueError
        If the region is empty.
    """
    if not region.any():
        raise ValueError("A stroke cannot be drawn in an empty region.")
    walkable = binary_erosion(region, _BRUSH)
    if not walkable.any():
        walkable = region
    line = np.zeros(region.shape, dtype=bool)
    line[_walk(walkable, rng, max_length - BRUSH_WIDTH_PIXELS)] = True
    painted: Mask = binary_dilation(line, _BRUSH) & region
    return painted


def _walk(
    walkable: Mask, rng: np.random.Generator, max_length: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of a wandering line of at most `max_length` pixels."""
    starts = np.flatnonzero(walkable)
    position = np.array(
        np.unravel_index(starts[rng.integers(starts.size)], walkable.shape), float
    )
    heading = rng.uniform(0, 2 * np.pi)
    line = [position]
    for _ in range(int(max_length)):
        for _ in range(_MAX_TURNS):
            bent = heading + rng.normal(0, _BEND_RADIANS_PER_PIXEL)
            ahead = position + np.array([np.sin(bent), np.cos(bent)])
            row, column = np.rint(ahead).astype(int)
            inside = 0 <= row < walkable.shape[0] and 0 <= column < walkable.shape[1]
            if inside and walkable[row, column]:
                break
            heading = rng.uniform(0, 2 * np.pi)
        else:
            break
        position, heading = ahead, bent
        line.append(position)
    rows, columns = np.rint(np.array(line)).astype(np.intp).T
    return rows, columns


def first_strokes(
    truth: IntImage,
    rng: np.random.Generator,
    *,
    per_class: int = STROKES_PER_CLASS,
) -> NDArray[np.uint8]:
    """Paint the strokes of round 0: as many for every class in the picture.

    Parameters
    ----------
    truth : (H, W) int
        Class ids from 1; 0 is ignored and never painted.
    rng : numpy.random.Generator
        Source of the strokes.
    per_class : int, optional
        Number of strokes for each class.

    Returns
    -------
    (H, W) uint8
        Strokes: 0 = unlabelled, otherwise the class id.
    """
    strokes = np.zeros(truth.shape, dtype=np.uint8)
    for class_id in _classes(truth):
        for _ in range(per_class):
            strokes[draw_stroke(truth == class_id, rng)] = class_id
    return strokes


def corrective_strokes(
    truth: IntImage,
    result: IntImage,
    strokes: IntImage,
    rng: np.random.Generator,
    *,
    per_class: int = STROKES_PER_CLASS,
) -> NDArray[np.uint8]:
    """Add one stroke to each of the largest errors of every class.

    An error of a class is a connected group (by edges) of pixels that belong to
    the class and carry another label or none.

    Parameters
    ----------
    truth : (H, W) int
        Class ids from 1; 0 is ignored, never an error and never painted.
    result : (H, W) int
        The current segmentation, ids as in `truth`, 0 = undecided.
    strokes : (H, W) int
        What has been painted so far. Not changed.
    rng : numpy.random.Generator
        Source of the strokes.
    per_class : int, optional
        Most strokes that are added for one class.

    Returns
    -------
    (H, W) uint8
        The old strokes with the new ones on top.
    """
    corrected = strokes.astype(np.uint8)
    for class_id in _classes(truth):
        wrong = (truth == class_id) & (result != class_id)
        components, _ = label(wrong)
        sizes = np.bincount(components.ravel())
        sizes[0] = 0
        largest_first = np.argsort(-sizes, kind="stable")[:per_class]
        for component in largest_first:
            if sizes[component] >= MIN_ERROR_PIXELS:
                corrected[draw_stroke(components == component, rng)] = class_id
    return corrected


def _classes(truth: IntImage) -> list[int]:
    return [int(class_id) for class_id in np.unique(truth) if class_id != 0]
