"""What planes have in common: their black and white, and the scale of their features.

Where a plane is not scaled by itself, both have to come from elsewhere: percentiles
alone would leave the features of an empty plane standardised to full contrast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.features.statistics import Statistics
from napari_garage_unet.engine.images.contrast import ContrastRange


@dataclass(frozen=True, slots=True, eq=False)
class FixedContrast:
    """Contrast of several planes.

    Parameters
    ----------
    range
        The values that become black and white.
    statistics
        Mean and spread of the features; None for networks that need none.
    """

    range: ContrastRange
    statistics: Statistics | None

    def to_json(self) -> dict[str, Any]:
        """Describe the range as JSON values."""
        return {"low": self.range.low.tolist(), "high": self.range.high.tolist()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers as arrays, by name."""
        arrays: dict[str, NDArray[Any]] = {
            "low": np.asarray(self.range.low),
            "high": np.asarray(self.range.high),
        }
        if self.statistics is not None:
            for kind in ("means", "spreads"):
                for number, array in enumerate(getattr(self.statistics, kind)):
                    arrays[f"{kind}_{number:02d}"] = array
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> FixedContrast | None:
        """Return the contrast that `arrays` describes, None if it describes none.

        Raises
        ------
        KeyError
            If some of the arrays are missing.
        """
        if not arrays:
            return None
        means, spreads = (
            tuple(arrays[name] for name in sorted(arrays) if name.startswith(kind))
            for kind in ("means", "spreads")
        )
        if len(means) != len(spreads):
            raise KeyError("means and spreads")
        return cls(
            ContrastRange(arrays["low"], arrays["high"]),
            Statistics(means, spreads) if means else None,
        )
