"""`garage-unet segment` gives the labels, objects and tables of Python."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from command_line import assert_refused, run, squares

from napari_garage_unet.engine.compute.devices import Devices, use_devices
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.objects.instances import class_objects


def test_png_and_tiff_give_the_labels_of_python(folder, model, tmp_path):
    inputs = (folder / "image.png", folder / "same.tif")
    report = tmp_path / "report.json"
    arguments = ("--model", folder / "model.garage", "--out", tmp_path / "out")
    assert run("segment", *inputs, *arguments, "--json", report) == 0
    expected = model.segment(squares()[0])
    assert {1, 3} >= set(np.unique(expected)) != {0}
    for name in ("image_segmentation.tif", "same_segmentation.tif"):
        found = tifffile.imread(tmp_path / "out" / name)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, expected)
    results = json.loads(report.read_text())["results"]
    assert [r["input"] for r in results] == ["image.png", "same.tif"]
    counts = {str(i): int((expected == i).sum()) for i in (0, 1, 3)}
    assert results[0]["pixels"] == results[1]["pixels"] == counts


def test_what_computes_is_said_on_one_line_and_reported(folder, tmp_path, capsys):
    given = ("--model", folder / "model.garage", "--out", tmp_path / "out.tif")
    report = tmp_path / "report.json"
    for devices, said in (
        (Devices(text="CPU, 7 cores", note="No GPU was found."), "No GPU was found.\n"),
        (Devices(text="a fast card"), "Computing on a fast card.\n"),
    ):
        with use_devices(devices):
            assert run("segment", folder / "image.png", *given, "--json", report) == 0
        assert capsys.readouterr().err == said
        assert json.loads(report.read_text())["device"] == devices.text


def test_probabilities_lie_next_to_unchanged_labels(folder, model, tmp_path):
    out = tmp_path / "wheels.tif"
    given = ("--model", folder / "model.garage", "--out", out)
    assert run("segment", folder / "image.png", *given, "--probabilities") == 0
    expected = model.predict_proba(squares()[0])
    found = tifffile.imread(tmp_path / "wheels_probabilities.tif")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(tifffile.imread(out), model.segment(squares()[0]))


def test_thresholds_and_sizes_are_those_of_the_rules(folder, model, tmp_path):
    image = squares()[0]
    level = float(np.quantile(model.predict_proba(image)[1], 0.8))
    out = tmp_path / "out.tif"
    given = ("segment", folder / "image.png", "--model", folder / "model.garage")
    options = ("--threshold", f"wheel={level}", "--threshold", "1=0.9")
    assert run(*given, "--out", out, *options, "--min-size", "3=20") == 0
    rules = {1: ClassRule(threshold=0.9), 3: ClassRule(threshold=level, min_size=20)}
    expected = model.with_rules(rules).segment(image)
    assert (expected != model.segment(image)).any()
    np.testing.assert_array_equal(tifffile.imread(out), expected)


def test_a_preset_is_used_listed_and_overridden(folder, model, tmp_path, capsys):
    image = squares()[0]
    level = float(np.quantile(model.predict_proba(image)[1], 0.8))
    presets = {
        "dark": {3: ClassRule(threshold=level)},
        "strict": {1: ClassRule(threshold=0.99), 3: ClassRule(threshold=0.99)},
    }
    file = tmp_path / "tuned.garage"
    model.with_presets(presets).save(file)
    out, report = tmp_path / "out.tif", tmp_path / "report.json"
    given = ("segment", folder / "image.png", "--model", file, "--out", out)
    assert run(*given, "--preset", "dark", "--json", report) == 0
    expected = model.with_presets(presets).with_preset("dark").segment(image)
    assert (expected != model.segment(image)).any()
    np.testing.assert_array_equal(tifffile.imread(out), expected)
    assert json.loads(report.read_text())["preset"] == "dark"

    assert run(*given, "--preset", "strict", "--threshold", f"3={level}") == 0
    rules = {1: ClassRule(threshold=0.99), 3: ClassRule(threshold=level)}
    np.testing.assert_array_equal(
        tifffile.imread(out), model.with_rules(rules).segment(image)
    )

    capsys.readouterr()
    assert run("info", file) == 0
    text = capsys.readouterr().out
    assert "Presets" in text
    assert "strict  class 1: threshold 0.99; wheel: threshold 0.99" in text

    assert run(*given, "--preset", "bright") == 2
    assert "no preset 'bright'; this model has 'dark', 'strict'" in (
        capsys.readouterr().err
    )


def test_objects_and_their_table_are_those_of_python(folder, model, tmp_path):
    out = tmp_path / "out.tif"
    code = run(
        *("segment", folder / "image.png", "--model", folder / "model.garage"),
        *("--out", out, "--objects", "--split", "--table", tmp_path / "t.csv"),
        *("--json", tmp_path / "r.json"),
    )
    assert code == 0
    image = model.as_image(squares()[0])
    labels = model.segment(image)
    found = class_objects(labels, model.classes, image, split=True)
    np.testing.assert_array_equal(tifffile.imread(out), labels)
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "out_objects.tif"), found[3]
    )
    lines = (tmp_path / "t.csv").read_text("utf-8-sig").splitlines()
    n = int(found[3].max())
    assert len(lines) == 1 + n
    assert lines[0].startswith("image,unit,class,label,area (pixel")
    (result,) = json.loads((tmp_path / "r.json").read_text())["results"]
    assert result["objects"] == {"3": n}


BAD = {
    "missing model": (
        "segment {f}/image.png --model {f}/no.garage --out {t}",
        "no.garage",
    ),
    "damaged model": (
        "segment {f}/image.png --model {f}/damaged.garage --out {t}",
        "damaged.garage",
    ),
    "weights of another network": (
        "segment {f}/image.png --model {f}/swapped.garage --out {t}",
        "do not fit",
    ),
    "other channels": (
        "segment {f}/grey.png --model {f}/model.garage --out {t}",
        "1 channel",
        "3 channels",
    ),
    "unwritable out": (
        "segment {f}/image.png --model {f}/model.garage --out {f}/strokes.png/a",
        "strokes.png",
    ),
    "out over input": (
        "segment {f}/image.png --model {f}/model.garage --out {f}/image.png",
        "overwritten",
    ),
    "several into one file": (
        "segment {f}/image.png {f}/same.tif --model {f}/model.garage --out {t}/a.tif",
        "give a folder",
    ),
    "same name twice": (
        "segment {f}/image.png {f}/image.png --model {f}/model.garage --out {t}",
        "image_segmentation.tif",
    ),
    "unknown class": (
        "segment {f}/image.png --model {f}/model.garage --out {t} --threshold door=0.5",
        "door",
        "3 (wheel)",
    ),
    "threshold too high": (
        "segment {f}/image.png --model {f}/model.garage --out {t} --threshold 3=1.5",
        "1.5",
    ),
    "threshold no number": (
        "segment {f}/image.png --model {f}/model.garage --out {t} --threshold 3=high",
        "'high'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gives_one_line_and_exit_code_2(case, folder, tmp_path, capfd):
    text, *expected = BAD[case]
    assert_refused(text.format(f=folder, t=tmp_path).split(), expected, folder, capfd)
