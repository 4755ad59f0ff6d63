"""The description of a project."""

from __future__ import annotations

import dataclasses

import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.project.description import (
    SavedImage,
    SavedProject,
    SavedVersion,
    read_project,
    write_project,
)
from napari_garage_unet.project.safe_files import (
    read_json,
    write_json,
)

PROJECT = SavedProject(
    images=(
        SavedImage(
            name="cells",
            shape=(4, 5),
            dtype="uint8",
            source="cells.tif",
            fingerprint="ab",
            strokes="strokes-1",
            strokes_shape=(4, 5),
            strokes_dtype="uint8",
            layer="strokes",
            learns=True,
            painted=5.0,
        ),
    ),
    versions=(
        SavedVersion(
            id="a1",
            number=1,
            time=2.0,
            steps=30,
            seconds=1.5,
            accuracy=0.75,
            settings={},
            classes=({"id": 1},),
        ),
        SavedVersion(
            id="b2",
            number=2,
            time=3.0,
            steps=60,
            seconds=2.5,
            accuracy=None,
            settings={"network": None},
            classes=({"id": 1}, {"id": 2}),
        ),
    ),
    classes=({"id": 1},),
    settings={"training": {"seed": 3}},
    rules={"1": {}},
    current="a1",
    presets={"dark": {"1": {"threshold": 0.25}}},
)


def test_a_description_comes_back_as_it_was(tmp_path):
    write_project(tmp_path / "project.json", PROJECT)
    assert read_project(tmp_path / "project.json") == PROJECT


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"format": "else"}',
        b'{"format": "napari-garage-unet project", "version": 1}',
        b'{"format": "napari-garage-unet project", "version": 99}',
        b"\xff\xfe",
    ],
)
def test_a_bad_description_is_a_sentence(tmp_path, text):
    (tmp_path / "project.json").write_bytes(text)
    with pytest.raises(InputError, match=r"project\.json"):
        read_project(tmp_path / "project.json")


def test_a_description_cannot_name_files_elsewhere(tmp_path):
    path = tmp_path / "project.json"
    write_project(path, PROJECT)
    path.write_text(path.read_text().replace("strokes-1", "../../home"))
    with pytest.raises(InputError, match="damaged"):
        read_project(path)


def test_a_description_without_presets_is_read(tmp_path):
    # The first projects had none.
    path = tmp_path / "project.json"
    write_project(path, PROJECT)
    values = read_json(path)
    del values["presets"]
    write_json(path, values)
    assert read_project(path) == dataclasses.replace(PROJECT, presets={})


@pytest.mark.parametrize(
    ("old", "new"), [('"uint8"', '"float32"'), ('"a1"', '"a/1"'), ('"a1"', '""')]
)
def test_values_that_make_no_sense_are_damage(tmp_path, old, new):
    path = tmp_path / "project.json"
    write_project(path, PROJECT)
    text = path.read_text()
    for key in ("strokes_dtype", "id"):
        text = text.replace(f'"{key}": {old}', f'"{key}": {new}')
    assert text != path.read_text()
    path.write_text(text)
    with pytest.raises(InputError, match=r"project\.json is damaged"):
        read_project(path)
