"""What places an image on a map."""

from __future__ import annotations

from typing import Any, NamedTuple


class TiffTag(NamedTuple):
    """A tag of a TIFF file, as tifffile writes it again."""

    code: int
    dtype: int
    n_values: int
    value: Any
