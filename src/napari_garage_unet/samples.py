"""Sample images with example strokes, from installed packages, without downloads.

The images are part of the scikit-image wheel, strokes and masks of this package.
`garage` and `cells` return plain arrays; `load_garage` and `load_cells` return layers
for *File > Open Sample* of napari.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine.annotations.classes import ClassInfo
from .engine.annotations.palette import color_for

LayerData = tuple[Any, dict[str, Any], str]
"""Layer in npe2's form: array, keyword arguments, layer type."""


def _classes(*names: str) -> tuple[ClassInfo, ...]:
    """Return classes with the ids 1, 2, ..., of which the first is background."""
    return tuple(
        ClassInfo(id=i, name=name, color=color_for(i), background=i == 1)
        for i, name in enumerate(names, start=1)
    )


GARAGE_CLASSES = _classes(
    "background",
    "floor",
    "motorcycle",
    "wheel",
    "shelf",
    "boxes",
    "door",
    "bench",
    "bicycle",
)
"""Classes of the garage; the background is the wall with the things that lean on it."""

CELLS_CLASSES = _classes("background", "connective tissue", "gland")
"""Classes of the microscopy image; the background is the empty slide."""


@dataclass(frozen=True, slots=True, eq=False)
class GarageSample:
    """A garage in the photographs of two cameras side by side.

    Parameters
    ----------
    left, right
        Photographs, shape ``(500, 741, 3)``, axes ``yxc``, uint8.
    strokes
        Example strokes on `left`, shape ``(500, 741)``, uint8, 0 = unlabelled.
    mask_left, mask_right
        True class ids of every pixel, shape ``(500, 741)``, uint8, 0 = unknown.
    classes
        Classes of the ids in `strokes` and in the masks.
    """

    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    strokes: NDArray[np.uint8]
    mask_left: NDArray[np.uint8]
    mask_right: NDArray[np.uint8]
    classes: tuple[ClassInfo, ...] = GARAGE_CLASSES


@dataclass(frozen=True, slots=True, eq=False)
class CellsSample:
    """A microscopy image in shades of grey, with strokes.

    Parameters
    ----------
    image
        Pixels, shape ``(512, 512)``, axes ``yx``, uint8.
    strokes
        Example strokes, shape ``(512, 512)``, uint8, 0 = unlabelled.
    classes
        Classes of the ids in `strokes`.
    """

    image: NDArray[np.uint8]
    strokes: NDArray[np.uint8]
    classes: tuple[ClassInfo, ...] = CELLS_CLASSES


def garage() -> GarageSample:
    """Read the photographs of the garage into new arrays.

    Returns
    -------
    GarageSample

    Notes
    -----
    The photographs are "Motorcycle" of the Middlebury 2014 stereo benchmark
    (Scharstein et al., GCPR 2014), as scikit-image ships them. The masks belong to this
    project and are CC0: floor and motorcycle come from the measured depth of the
    benchmark, the rest from polygons. The right mask is the left one shifted by the
    disparity; pixels that only one camera sees are unknown.
    """
    from skimage.data import stereo_motorcycle

    left, right, _ = stereo_motorcycle()
    return GarageSample(
        left=np.array(left),
        right=np.array(right),
        strokes=_read("garage_strokes.png"),
        mask_left=_read("garage_mask_left.png"),
        mask_right=_read("garage_mask_right.png"),
    )


def cells() -> CellsSample:
    """Read the microscopy image into new arrays.

    Returns
    -------
    CellsSample

    Notes
    -----
    Glands of the colon in bright field: the red channel of scikit-image's
    ``immunohistochemistry``, in which both stains are dark. The image is from the
    Center for Microscopy and Molecular Imaging; no copyright restrictions are known.
    """
    from skimage.data import immunohistochemistry

    return CellsSample(
        image=np.array(immunohistochemistry()[..., 0]),
        strokes=_read("cells_strokes.png"),
    )


def load_garage() -> list[LayerData]:
    """Return layers of the left photograph of the garage and of its strokes."""
    sample = garage()
    return [
        (sample.left, {"name": "garage photograph", "rgb": True}, "image"),
        _strokes_layer(sample.strokes, sample.classes),
    ]


def load_cells() -> list[LayerData]:
    """Return layers of the microscopy image and of its strokes."""
    sample = cells()
    return [
        (sample.image, {"name": "colon glands", "colormap": "gray"}, "image"),
        _strokes_layer(sample.strokes, sample.classes),
    ]


def _strokes_layer(
    strokes: NDArray[np.uint8], classes: tuple[ClassInfo, ...]
) -> LayerData:
    from napari.utils.colormaps import DirectLabelColormap

    from .layers.metadata import METADATA_KEY

    # All ids have a colour: without one, strokes of an added class are invisible.
    colors: dict[int | None, Any] = {i: color_for(i) for i in range(1, 256)}
    colors |= {c.id: c.color for c in classes}
    colors |= {0: "transparent", None: "transparent"}
    keywords = {
        "name": "strokes",
        "colormap": DirectLabelColormap(color_dict=colors),
        "features": {
            "index": [c.id for c in classes],
            "class": [c.name for c in classes],
        },
        "metadata": {
            METADATA_KEY: {"classes": [dataclasses.asdict(c) for c in classes]}
        },
    }
    return strokes, keywords, "labels"


def _read(name: str) -> NDArray[np.uint8]:
    import imageio.v3 as iio

    data = (files(__package__) / "data" / name).read_bytes()
    return np.array(iio.imread(data, extension=".png"), dtype=np.uint8)
