"""Writing of probabilities as TIFF files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.units import UNIT_SYMBOLS

from .atomic import write_whole
from .origin import SOFTWARE


def write_probabilities(
    path: str | Path, probabilities: NDArray[np.float32], *, like: Image
) -> None:
    """Write probabilities as a TIFF file, all or nothing.

    Parameters
    ----------
    path
        File to write or to replace, usually ``.tif``.
    probabilities
        ``(n_classes, *spatial)`` in the order of the image's spatial axes, float32 in
        [0, 1]. The classes become channels.
    like
        Image whose axes, spacing and units are stored: as OME-TIFF, or without spacing
        where the image is transposed.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import tifffile

    axes = like.spatial_axes
    metadata: dict[str, Any] = {"axes": "C" + axes.upper()}
    # OME requires y in front of x.
    ome = not like.is_transposed
    if ome:
        for axis, spacing in zip(axes, like.spacing, strict=True):
            if axis in "zyx":
                metadata[f"PhysicalSize{axis.upper()}"] = spacing
                unit = UNIT_SYMBOLS.get(like.units, "pixel")
                metadata[f"PhysicalSize{axis.upper()}Unit"] = unit

    def write(target: Path) -> None:
        tifffile.imwrite(
            target,
            probabilities,
            ome=ome,
            metadata=metadata,
            photometric="minisblack",
            compression="zlib",
            software=SOFTWARE,
        )

    write_whole(path, write)
