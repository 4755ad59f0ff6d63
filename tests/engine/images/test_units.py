"""Names of units and conversion between them."""

from __future__ import annotations

import pytest

from napari_garage_unet.engine.images.units import (
    UNIT_SYMBOLS,
    common_unit,
    unit_name,
)


@pytest.mark.parametrize("name", UNIT_SYMBOLS)
def test_names_and_symbols_are_understood(name):
    assert unit_name(name) == unit_name(UNIT_SYMBOLS[name]) == name
    assert unit_name(f" {name.title()} ") == name


@pytest.mark.parametrize("text", ["", None, "pixel", "furlong", "second"])
def test_what_is_no_length_is_a_pixel(text):
    assert unit_name(text) == "pixel"


def test_both_letters_for_micro_are_understood():
    assert unit_name("\u00b5m") == unit_name("\u03bcm") == "micrometer"


def test_british_spelling_is_understood():
    assert unit_name("micrometre") == "micrometer"


def test_sizes_are_converted_to_the_unit_of_x_but_times_are_not():
    spacing = {"t": 5.0, "z": 2000.0, "y": 0.5, "x": 0.25}
    units = {"z": "nanometer", "y": "micrometer", "x": "micrometer"}
    converted, unit = common_unit(spacing, units)
    assert unit == "micrometer"
    assert converted == pytest.approx({"t": 5.0, "z": 2.0, "y": 0.5, "x": 0.25})
    assert spacing["z"] == 2000.0


def test_sizes_stay_where_x_has_no_unit():
    spacing = {"z": 2.0, "y": 1.0, "x": 1.0}
    assert common_unit(spacing, {"z": "nanometer"}) == (spacing, "pixel")
