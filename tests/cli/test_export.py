"""`garage-unet export` writes models for other programs."""

from __future__ import annotations

import json
import sys

import pytest
from command_line import assert_refused, run


def test_export_writes_onnx(folder, tmp_path, capsys):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("tf2onnx")
    out = tmp_path / "model.onnx"
    given = ("--to", "onnx", "--json", tmp_path / "report.json")
    assert run("export", folder / "model.garage", out, *given) == 0
    assert onnx.load(out).graph.output[0].name == "probabilities"
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["bytes"] == out.stat().st_size


def test_export_without_its_packages_says_how_to_get_them(
    folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "onnx", None)
    given = ("--to", "onnx", tmp_path / "model.onnx")
    assert run("export", folder / "model.garage", *given) == 2
    assert 'pip install "napari-garage-unet[export]"' in capsys.readouterr().err


BAD = {
    "unwritable export": (
        "export {f}/model.garage --to onnx {t}/no/model.onnx",
        "not a folder",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gives_one_line_and_exit_code_2(case, folder, tmp_path, capfd):
    text, *expected = BAD[case]
    assert_refused(text.format(f=folder, t=tmp_path).split(), expected, folder, capfd)
