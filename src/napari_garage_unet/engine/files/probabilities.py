"""Probabilities in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image

from .atomic import write_whole


def write_probabilities(
    path: str | Path, probabilities: NDArray[np.float32], *, like: Image
) -> None:
    """Write probabilities as a TIFF, completely or not at all.

    Parameters
    ----------
    path
        File to write or to replace, ``.tif`` as a rule.
    probabilities
        ``(n_classes, *spatial)``, float32.
    like
        Image they belong to; its axes, spacing and units are written along. The
        classes become channels.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import tifffile

    axes = like.spatial_axes
    metadata: dict[str, Any] = {"axes": "C" + axes.upper()}
    # OME wants y in front of x.
    ome = not like.is_transposed
    if ome:
        short = {"micrometer": "µm", "nanometer": "nm", "millimeter": "mm"}
        for axis, spacing in zip(axes, like.spacing, strict=True):
            if axis in "zyx":
                metadata[f"PhysicalSize{axis.upper()}"] = spacing
                unit = short.get(like.units, "pixel")
                metadata[f"PhysicalSize{axis.upper()}Unit"] = unit

    def write(target: Path) -> None:
        tifffile.imwrite(
            target,
            probabilities,
            ome=ome,
            metadata=metadata,
            photometric="minisblack",
            compression="zlib",
        )

    write_whole(path, write)
