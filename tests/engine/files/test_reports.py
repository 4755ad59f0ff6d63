"""Reports and the folders of results."""

from __future__ import annotations

import json

import pytest

from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.engine.files.reports import make_folder, write_report


def test_a_report_is_readable_utf8_and_replaces_an_older_one(tmp_path):
    path = tmp_path / "report.json"
    write_report(path, {"unit": "µm"})
    write_report(path, {"unit": "µm", "counts": {"3": 5}})
    text = path.read_bytes().decode("utf-8")
    assert json.loads(text) == {"unit": "µm", "counts": {"3": 5}}
    assert '  "unit": "µm"' in text.splitlines()[1]
    assert text.endswith("}\n")


def test_values_that_are_no_json_leave_the_older_report(tmp_path):
    path = tmp_path / "report.json"
    write_report(path, {"steps": 1})
    with pytest.raises(TypeError):
        write_report(path, {"steps": {1, 2}})
    assert json.loads(path.read_text()) == {"steps": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_folders_are_made_with_their_parents_and_may_exist(tmp_path):
    folder = tmp_path / "new" / "demo"
    make_folder(folder)
    (folder / "old.txt").write_text("kept")
    make_folder(folder)
    assert (folder / "old.txt").read_text() == "kept"


def test_a_folder_below_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"The folder .*demo cannot be made"):
        make_folder(tmp_path / "file" / "demo")
