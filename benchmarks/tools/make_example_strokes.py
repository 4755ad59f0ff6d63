r"""Draw the example strokes that ship with the two samples, and pack the garage masks.

The paths below were chosen by eye on enlarged pictures, the way a person picks where
to paint; each is smoothed by a spline, given the small tremor of a hand (seeded) and
drawn with a round brush. Run once, from the project's root; the PNG files it writes
are part of the package::

    python benchmarks/tools/make_example_strokes.py \
        ../shared/data/garage_motorcycle src/napari_garage_unet/data
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.interpolate import splev, splprep
from skimage import io

logger = logging.getLogger(__name__)

Point = tuple[float, float]
Stroke = tuple[int, tuple[Point, ...]]
"""Brush diameter in pixels, and the points ``(x, y)`` the brush passes."""

GARAGE: dict[int, tuple[Stroke, ...]] = {
    1: (  # wall and other background
        (5, ((95, 61), (94, 69), (88, 76), (86, 85))),
        (5, ((64, 44), (64, 56), (64, 68))),
        (5, ((141, 63), (146, 73), (143, 84))),
        (5, ((310, 42), (311, 61), (310, 80))),
        (5, ((322, 22), (327, 12), (334, 16))),
        (5, ((728, 46), (730, 58), (729, 70))),
    ),
    2: (  # floor
        (5, ((108, 284), (84, 288), (66, 300))),
        (5, ((150, 452), (170, 450), (190, 446))),
        (5, ((44, 372), (60, 384), (80, 390))),
        (5, ((478, 452), (500, 456), (524, 452))),
        (5, ((684, 482), (704, 460), (712, 434))),
        (5, ((384, 428), (410, 412), (434, 392))),
        (5, ((704, 318), (712, 334), (711, 352))),
        (5, ((569, 318), (572, 322), (575, 325))),
    ),
    3: (  # motorcycle
        (5, ((206, 196), (226, 208), (248, 220))),
        (5, ((185, 220), (205, 225), (224, 234))),
        (5, ((385, 206), (400, 204), (413, 210))),
        (5, ((392, 340), (412, 328), (424, 308), (426, 290))),
        (5, ((520, 256), (527, 274), (533, 290))),
        (5, ((600, 279), (612, 284), (624, 294))),
        (5, ((208, 326), (227, 332), (246, 339))),
        (5, ((300, 274), (306, 286), (316, 296))),
        (5, ((506, 118), (524, 122), (540, 144), (546, 160))),
    ),
    4: (  # motorcycle wheel
        (5, ((132, 308), (134, 327), (140, 345))),
        (5, ((171, 252), (182, 248), (196, 250))),
        (5, ((156, 346), (166, 360), (182, 370))),
        (5, ((658, 341), (666, 359), (671, 378))),
        (5, ((532, 361), (541, 379), (552, 395))),
        (5, ((598, 356), (604, 370), (602, 388))),
        (5, ((600, 428), (618, 433), (634, 428))),
    ),
    5: (  # shelf rack with small items
        (5, ((398, 4), (412, 3), (426, 3))),
        (5, ((698, 196), (697, 212), (696, 228))),
        (5, ((600, 114), (619, 115), (638, 116))),
        (5, ((343, 36), (342, 51), (342, 66))),
        (5, ((417, 36), (432, 35), (446, 29), (459, 29))),
        (5, ((632, 36), (647, 44), (661, 53))),
        (5, ((619, 125), (637, 133), (654, 143))),
    ),
    6: (  # boxes and containers
        (5, ((550, 50), (562, 60), (552, 73))),
        (5, ((604, 78), (612, 82), (620, 88))),
        (5, ((576, 153), (588, 156), (600, 154))),
        (5, ((577, 199), (592, 206), (582, 218))),
        (5, ((641, 208), (656, 220), (646, 237))),
        (5, ((376, 70), (388, 69), (396, 72))),
    ),
    7: (  # door
        (5, ((219, 26), (234, 35), (226, 50))),
        (5, ((294, 34), (293, 46), (294, 58))),
        (5, ((212, 101), (225, 103), (238, 102))),
        (5, ((291, 138), (292, 150), (291, 162))),
    ),
    8: (  # bench
        (5, ((86, 116), (111, 115), (136, 115))),
        (5, ((53, 141), (54, 153), (53, 165))),
        (5, ((67, 229), (79, 229), (91, 228))),
        (5, ((106, 153), (112, 157), (119, 162))),
        (5, ((276, 124), (277, 136), (278, 148))),
        (5, ((48, 245), (49, 258), (50, 271))),
    ),
    9: (  # bicycle
        (5, ((11, 179), (23, 178), (33, 186), (36, 199))),
        (5, ((10, 202), (18, 200), (24, 192))),
    ),
}
"""Strokes on the left photograph of the garage."""

CELLS: dict[int, tuple[Stroke, ...]] = {
    1: (  # empty slide
        (7, ((14, 316), (24, 340), (18, 366))),
        (7, ((438, 424), (450, 438), (442, 454))),
        (5, ((334, 116), (342, 132), (350, 148))),
    ),
    2: (  # connective tissue
        (7, ((150, 272), (190, 276), (226, 264))),
        (7, ((190, 336), (196, 372), (208, 408))),
        (7, ((296, 258), (318, 288), (350, 300))),
        (7, ((482, 60), (474, 110), (472, 150))),
    ),
    3: (  # gland
        (7, ((60, 110), (100, 150), (140, 176))),
        (7, ((214, 46), (240, 70), (256, 104))),
        (7, ((386, 70), (410, 104), (404, 150))),
        (7, ((80, 300), (100, 350), (106, 400))),
        (7, ((284, 356), (314, 372), (326, 410))),
    ),
}
"""Strokes on the microscopy image."""


def draw(
    shape: tuple[int, int], strokes: dict[int, tuple[Stroke, ...]], *, seed: int
) -> npt.NDArray[np.uint8]:
    """Paint the strokes of every class on an empty canvas.

    Parameters
    ----------
    shape
        Rows and columns of the canvas, in pixels.
    strokes
        Class id to its strokes.
    seed
        Seed of the hand's tremor.

    Returns
    -------
    numpy.ndarray of uint8, shape ``shape``
        The class ids; 0 where nothing is painted.
    """
    canvas = np.zeros(shape, np.uint8)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    for class_id, paths in strokes.items():
        for number, (diameter, points) in enumerate(paths):
            rng = np.random.default_rng((seed, class_id, number))
            x, y = np.array(points, float).T
            knots, _ = splprep([x, y], s=0, k=min(3, len(points) - 1))
            length = np.hypot(np.diff(x), np.diff(y)).sum()
            tremor = np.cumsum(rng.normal(0, 0.12, (2, int(length) + 2)), axis=1)
            tremor -= np.linspace(tremor[:, 0], tremor[:, -1], tremor.shape[1], axis=1)
            path = np.array(splev(np.linspace(0, 1, tremor.shape[1]), knots)) + tremor
            for px, py in path.T:
                canvas[
                    (rows - py) ** 2 + (columns - px) ** 2 <= (diameter / 2) ** 2
                ] = class_id
    return canvas


def main() -> None:
    """Write the strokes and the masks; refuse when a garage stroke leaves its class."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("garage", type=Path, help="folder of the garage data set")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    masks = {
        side: io.imread(arguments.garage / "masks" / f"garage_{side}.png")
        for side in ("left", "right")
    }
    # Ids from 1, as painted; 255 ("not labelled") becomes 0.
    masks = {
        side: np.where(mask == 255, 0, mask + 1).astype(np.uint8)
        for side, mask in masks.items()
    }
    garage = draw(masks["left"].shape, GARAGE, seed=0)
    outside = (garage > 0) & (garage != masks["left"])
    for class_id in GARAGE:
        painted = garage == class_id
        logger.info(
            "class %d: %d px painted, %d outside",
            class_id,
            painted.sum(),
            (painted & outside).sum(),
        )
    if outside.any():
        found = [
            (int(x), int(y), int(garage[y, x]), int(masks["left"][y, x]))
            for y, x in np.argwhere(outside)[::4]
        ]
        raise SystemExit(f"Strokes leave their class at (x, y, painted, true): {found}")
    cells = draw((512, 512), CELLS, seed=1)
    logger.info(
        "painted: garage %.2f %%, cells %.2f %%",
        100 * (garage > 0).mean(),
        100 * (cells > 0).mean(),
    )
    named = {
        "garage_strokes": garage,
        "garage_mask_left": masks["left"],
        "garage_mask_right": masks["right"],
    }
    for name, array in {**named, "cells_strokes": cells}.items():
        io.imsave(arguments.out / f"{name}.png", array, check_contrast=False)


if __name__ == "__main__":
    main()
