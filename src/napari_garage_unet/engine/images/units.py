"""Names of length units, as files write them and as this package does."""

from __future__ import annotations

from collections.abc import Mapping

MICROMETERS_PER_UNIT = {
    "angstrom": 1e-4,
    "nanometer": 1e-3,
    "micrometer": 1.0,
    "millimeter": 1e3,
    "centimeter": 1e4,
    "meter": 1e6,
    "inch": 2.54e4,
}
"""Micrometers in one of each unit."""

UNIT_SYMBOLS = {
    "angstrom": "Å",
    "nanometer": "nm",
    "micrometer": "µm",
    "millimeter": "mm",
    "centimeter": "cm",
    "meter": "m",
    "inch": "in",
}
"""Symbols, as OME-XML spells them."""

_ALIASES = {
    **{symbol: name for name, symbol in UNIT_SYMBOLS.items()},
    "um": "micrometer",
    "\u03bcm": "micrometer",  # Greek mu; the symbol above is the micro sign.
    "\\u00b5m": "micrometer",  # How ImageJ escapes the micro sign.
    "micron": "micrometer",
    "microns": "micrometer",
    "inches": "inch",
}


def unit_name(text: str | None) -> str:
    """Find the name of a unit.

    Parameters
    ----------
    text
        Name or symbol, as found in a file.

    Returns
    -------
    str
        A key of `MICROMETERS_PER_UNIT`; ``"pixel"`` for anything that is not a length.
    """
    text = (text or "").strip()
    for candidate in (text, text.lower()):
        name = _ALIASES.get(candidate, candidate.replace("metre", "meter"))
        if name in MICROMETERS_PER_UNIT:
            return name
    return "pixel"


def common_unit(
    spacing: Mapping[str, float], units: Mapping[str, str]
) -> tuple[dict[str, float], str]:
    """Express the spacing of all axes in the unit of the x axis.

    Parameters
    ----------
    spacing
        Size of a pixel by letter of the axis. Time is left as it is.
    units
        Name of the unit by letter of the axis.

    Returns
    -------
    spacing : dict
        The same axes.
    unit : str
        Unit of all of them but ``t``.
    """
    unit = units.get("x", "pixel")
    result = dict(spacing)
    for axis in "zy":
        other = units.get(axis, unit)
        if (
            axis in result
            and unit in MICROMETERS_PER_UNIT
            and other in MICROMETERS_PER_UNIT
        ):
            result[axis] *= MICROMETERS_PER_UNIT[other] / MICROMETERS_PER_UNIT[unit]
    return result, unit
