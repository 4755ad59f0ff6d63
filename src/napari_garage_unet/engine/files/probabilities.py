"""Writing of probabilities as TIFF files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image

from .atomic import write_whole
from .tiff_writing import ome_metadata, tiff_options


def write_probabilities(
    path: str | Path,
    probabilities: NDArray[np.float32],
    *,
    like: Image,
    names: Sequence[str] = (),
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
        Image whose axes, spacing, units, origin and georeference are stored: as
        OME-TIFF, or without the first four where the image is transposed.
    names
        Names of the classes, stored as those of the channels.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import tifffile

    options = tiff_options(like, probabilities.nbytes)
    # OME requires y in front of x.
    ome = not like.is_transposed
    metadata: dict[str, Any] = {"axes": "C" + like.spatial_axes.upper()}
    if ome:
        metadata = ome_metadata(like, n_channels=len(probabilities), names=names)

    def write(target: Path) -> None:
        tifffile.imwrite(target, probabilities, ome=ome, metadata=metadata, **options)

    write_whole(path, write)
