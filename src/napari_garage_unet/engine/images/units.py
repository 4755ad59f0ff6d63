"""Units of length: the spellings in files and the names in this package."""

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
"""Length of each unit in micrometers, by its name in this package."""

UNIT_SYMBOLS = {
    "angstrom": "Å",
    "nanometer": "nm",
    "micrometer": "µm",
    "millimeter": "mm",
    "centimeter": "cm",
    "meter": "m",
    "inch": "in",
}
"""Symbol of each unit by name, in the spelling of OME-XML."""

_NAME_BY_SPELLING = {
    **{symbol: name for name, symbol in UNIT_SYMBOLS.items()},
    "um": "micrometer",
    "\u03bcm": "micrometer",  # Greek mu; the symbol above is the micro sign.
    "\\u00b5m": "micrometer",  # The escape that ImageJ writes for the micro sign.
    "micron": "micrometer",
    "microns": "micrometer",
    "inches": "inch",
}


def unit_name(text: str | None) -> str:
    """Return the name of a unit of length.

    Parameters
    ----------
    text
        Name or symbol found in a file; None or empty where there is none.

    Returns
    -------
    str
        A key of `MICROMETERS_PER_UNIT`; ``"pixel"`` for anything that is not a length.
    """
    text = (text or "").strip()
    for candidate in (text, text.lower()):
        name = _NAME_BY_SPELLING.get(candidate, candidate.replace("metre", "meter"))
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
        Size of a pixel by letter of the axis, in the unit of that axis. The size along
        ``t`` is a time and stays as it is.
    units
        Name of the unit by letter of the axis; an axis without one has that of ``x``.

    Returns
    -------
    spacing : dict
        Size of a pixel by letter of the axis, in `unit`.
    unit : str
        Unit of ``x``, and of all axes but ``t``; ``"pixel"`` if ``x`` has none.
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
