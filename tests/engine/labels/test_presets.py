"""Names of presets and their JSON."""

from __future__ import annotations

import json

import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.presets import (
    MAX_NAME_CHARACTERS,
    check_name,
    find_preset,
    presets_from_json,
    presets_to_json,
)
from napari_garage_unet.engine.labels.rules import ClassRule

PRESETS = {
    "dark": {1: ClassRule(), 7: ClassRule(threshold=0.9)},
    "fine": {7: ClassRule(min_size=3, split=True, split_distance=2.5)},
}


def test_presets_survive_json():
    text = json.dumps(presets_to_json(PRESETS))
    assert presets_from_json(json.loads(text)) == PRESETS


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * (MAX_NAME_CHARACTERS + 1)])
def test_names_that_cannot_be_shown_are_refused(name):
    with pytest.raises(InputError, match="name"):
        check_name(name)


def test_blanks_around_a_name_do_not_count():
    assert check_name("  two words ") == "two words"


def test_a_preset_is_found_by_its_name():
    assert find_preset(PRESETS, "fine") == PRESETS["fine"]
    with pytest.raises(InputError, match="no preset 'dark'; this model has none"):
        find_preset({}, "dark")
    with pytest.raises(InputError, match="this model has 'dark', 'fine'"):
        find_preset(PRESETS, "Dark")


def test_presets_that_are_damaged_are_refused():
    with pytest.raises(InputError, match="name"):
        presets_from_json({"": {}})
    with pytest.raises(InputError, match="unknown"):
        presets_from_json({"dark": {"1": {"treshold": 0.5}}})
