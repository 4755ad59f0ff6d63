"""Model files of earlier versions pass through the steps from their version on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_garage_unet import load_model
from napari_garage_unet.engine.models.archive import VERSION
from napari_garage_unet.engine.models.loading import read_info
from napari_garage_unet.engine.models.upgrade import (
    UPGRADES,
    Upgrade,
    upgrade,
    upgrade_info,
)

FOLDER = Path(__file__).parents[2] / "data" / "models"


def recording(version: int) -> Upgrade:
    """A step that notes its version in description and arrays."""

    def describe(description):
        description["described"] = [*description.get("described", []), version]

    def convert(description, arrays):
        description["converted"] = [*description.get("converted", []), version]
        arrays[f"of version {version}"] = np.zeros(1)

    return Upgrade(describe, convert)


STEPS = {version: recording(version) for version in (1, 2, 3)}


def test_there_is_a_step_from_every_earlier_version():
    assert list(UPGRADES) == list(range(1, VERSION))


@pytest.mark.parametrize(
    ("version", "taken"), [(1, [1, 2, 3]), (2, [2, 3]), (3, [3]), (4, [])]
)
def test_a_file_passes_through_the_steps_from_its_version_on(version, taken):
    given = {"version": version, "described": [], "converted": []}

    description, arrays = upgrade(given, {}, upgrades=STEPS)

    assert description == {"version": 4, "described": taken, "converted": taken}
    assert list(arrays) == [f"of version {number}" for number in taken]
    assert given == {"version": version, "described": [], "converted": []}


def test_a_file_without_a_version_is_of_the_first_one():
    description, _ = upgrade({}, {}, upgrades=STEPS)
    assert description["described"] == [1, 2, 3]


def test_information_is_upgraded_without_arrays():
    info = upgrade_info({"version": 2}, upgrades=STEPS)
    assert info == {"version": 2, "described": [2, 3]}


@pytest.mark.parametrize(
    "file", sorted(FOLDER.glob("*.garage")), ids=lambda file: file.stem
)
def test_files_of_all_versions_have_the_same_information(file):
    info = read_info(file)
    assert isinstance(info["presets"], dict)
    if file.stem != "w06":  # no version opens it
        assert set(info) == set(load_model(file).info())
