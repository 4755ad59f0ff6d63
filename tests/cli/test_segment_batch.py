"""Many images at once: bad ones are named, the others get done, one at a time."""

from __future__ import annotations

import csv
import gc
import json
import os
import shutil
import signal
import weakref
from types import SimpleNamespace

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from command_line import run, squares

from napari_garage_unet.cli import segmenting
from napari_garage_unet.engine.batch import pipeline

SIGNALS = [n for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]


@pytest.fixture
def batch(folder, tmp_path):
    """Run `segment` with files of a folder; return exit code, table and report."""

    def run_batch(*inputs, out="out", options=()):
        table, report = tmp_path / "t.csv", tmp_path / "r.json"
        given = ("--model", folder / "model.garage", "--out", tmp_path / out)
        written = ("--table", table, "--json", report)
        code = run("segment", *inputs, *given, *written, *options)
        rows = []
        if table.exists():
            with table.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
        return code, rows, json.loads(report.read_text()) if report.exists() else {}

    return run_batch


@pytest.fixture
def pictures(tmp_path):
    """Two good pictures, and four bad ones between them in the order of the names."""
    image = squares()[0]
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb")
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "b.tif").write_bytes(whole[: len(whole) // 2])
    nothing = np.full_like(image, np.nan, np.float32)
    tifffile.imwrite(tmp_path / "c.tif", nothing, photometric="rgb")
    iio.imwrite(tmp_path / "d.png", image[..., 0])
    (tmp_path / "e.txt").write_text("notes")
    iio.imwrite(tmp_path / "f.png", image)
    return sorted(tmp_path.iterdir())


def test_bad_pictures_are_named_and_the_others_done(batch, pictures, tmp_path, capfd):
    missing = tmp_path / "g.tif"
    code, rows, report = batch(*pictures, missing)
    assert code == 3
    done = {path.name for path in (tmp_path / "out").iterdir()}
    assert done == {"a_segmentation.tif", "f_segmentation.tif"}
    out, err = capfd.readouterr()
    assert [line.split("/")[-1] for line in out.splitlines()] == [
        *("a_segmentation.tif", "f_segmentation.tif", "t.csv"),
    ]
    lines = [line for line in err.splitlines() if "could not be segmented:" in line]
    reasons = ("damaged", "NaN", "1 channel", "not of a kind", "There is no file")
    names = ("b.tif", "c.tif", "d.png", "e.txt", "g.tif")
    assert len(lines) == len(names)
    for line, name, reason in zip(lines, names, reasons, strict=True):
        assert name in line
        assert reason in line
    assert err.splitlines()[-1] == (
        "garage-unet: 5 of 7 images could not be segmented; the others are."
    )
    assert {row["image"] for row in rows} == {"a.tif", "f.png"}
    assert [each["input"] for each in report["results"]] == ["a.tif", "f.png"]
    assert [each["input"] for each in report["failed"]] == list(names)
    assert all(
        reason in each["reason"]
        for reason, each in zip(reasons, report["failed"], strict=True)
    )


def test_when_none_works_the_exit_code_is_2_and_there_is_a_report(
    batch, pictures, capfd
):
    code, rows, report = batch(pictures[1], pictures[4])
    assert code == 2
    assert rows == []
    assert len(report["failed"]) == 2
    err = capfd.readouterr().err.splitlines()
    assert len(err) == 3
    assert err[-1] == "garage-unet: None of the 2 images could be segmented."


def test_an_error_nobody_foresaw_leaves_the_others_alone(
    batch, pictures, monkeypatch, capfd
):
    real = pipeline.segment_image

    def fail_once(model, image, options):
        if image.name == "a.tif":
            raise ZeroDivisionError("division by zero")
        return real(model, image, options)

    monkeypatch.setattr(pipeline, "segment_image", fail_once)
    code, rows, report = batch(pictures[0], pictures[-1])
    assert code == 3
    assert {row["image"] for row in rows} == {"f.png"}
    assert "ZeroDivisionError" in report["failed"][0]["reason"]
    assert "Traceback" in capfd.readouterr().err


def test_one_picture_at_a_time_is_in_memory(batch, pictures, monkeypatch):
    arrays, alive = [], []
    read = segmenting.read_for_model

    def read_and_watch(*args, **options):
        gc.collect()
        alive.append(sum(array() is not None for array in arrays))
        image = read(*args, **options)
        arrays.append(weakref.ref(image.data))
        return image

    monkeypatch.setattr(segmenting, "read_for_model", read_and_watch)
    code, *_ = batch(*pictures, options=["--probabilities"])
    assert code == 3
    assert alive == [0] * len(pictures)


def test_a_result_is_on_disk_before_the_next_picture_is_read(
    batch, pictures, tmp_path, monkeypatch
):
    first = tmp_path / "out" / "a_segmentation.tif"
    there = []
    read = segmenting.read_for_model

    def read_and_look(*args, **options):
        there.append(first.exists())
        return read(*args, **options)

    monkeypatch.setattr(segmenting, "read_for_model", read_and_look)
    batch(pictures[0], pictures[-1])
    assert there == [False, True]


def test_pictures_of_one_name_keep_apart(batch, tmp_path):
    image = squares()[0]
    for name in ("a/img.tif", "b/img.tif", "b/img.png", "other.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        iio.imwrite(tmp_path / name, image)
    code, rows, report = batch(
        *(tmp_path / name for name in ("a/img.tif", "b/img.tif", "other.tif"))
    )
    assert code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("a_img_segmentation.tif", "b_img_segmentation.tif"),
        "other_segmentation.tif",
    }
    names = ["a/img.tif", "b/img.tif", "other.tif"]
    assert list(dict.fromkeys(row["image"] for row in rows)) == names
    assert [each["input"] for each in report["results"]] == names
    code, *_ = batch(tmp_path / "b/img.tif", tmp_path / "b/img.png", out="kinds")
    assert code == 0
    assert {path.name for path in (tmp_path / "kinds").iterdir()} == {
        *("img_tif_segmentation.tif", "img_png_segmentation.tif"),
    }


def test_results_of_an_earlier_run_are_no_pictures(folder, tmp_path, capfd):
    iio.imwrite(tmp_path / "a.tif", squares()[0])
    given = ("--model", folder / "model.garage", "--out", tmp_path)
    options = ("--objects", "--probabilities")
    assert run("segment", tmp_path / "a.tif", *given, *options) == 0
    before = sorted(tmp_path.iterdir())
    assert len(before) == 4
    capfd.readouterr()
    assert run("segment", *before, *given, *options) == 0
    assert "Results of an earlier run are left out: a_objects.tif, " in (
        capfd.readouterr().err
    )
    assert sorted(tmp_path.iterdir()) == before
    # Somebody who names nothing but results means them.
    assert run("segment", tmp_path / "a_objects.tif", *given) == 2
    assert "1 channel" in capfd.readouterr().err


def test_table_and_report_of_an_earlier_run_are_no_pictures(folder, tmp_path, capfd):
    iio.imwrite(tmp_path / "a.tif", squares()[0])
    given = ("--model", folder / "model.garage", "--out", tmp_path / "out")
    kept = ("--table", tmp_path / "t.csv", "--json", tmp_path / "r.json")
    assert run("segment", tmp_path / "a.tif", *given, *kept) == 0
    capfd.readouterr()
    every = sorted(path for path in tmp_path.iterdir() if path.is_file())
    assert run("segment", *every, *given, *kept) == 0
    assert "are left out: r.json, t.csv." in capfd.readouterr().err
    # A picture is never overwritten.
    assert run("segment", *every, *given, "--table", tmp_path / "a.tif") == 2
    assert "a.tif is one of the inputs" in capfd.readouterr().err


def test_a_file_of_a_person_is_a_picture_whatever_its_name(folder, tmp_path, capfd):
    image = squares()[0]
    iio.imwrite(tmp_path / "x_objects.tif", image)
    iio.imwrite(tmp_path / "x.tif", image)
    given = ("--model", folder / "model.garage", "--out", tmp_path)
    both = (tmp_path / "x.tif", tmp_path / "x_objects.tif")
    assert run("segment", *both, *given) == 0
    assert (tmp_path / "x_objects_segmentation.tif").exists()
    # It is never overwritten as if it were a result.
    assert run("segment", *both, *given, "--objects") == 2
    assert "x_objects.tif is one of the inputs" in capfd.readouterr().err
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "x_objects.tif"), image)


def test_each_row_has_its_unit_and_lengths_agree(batch, tmp_path):
    image = squares()[0]
    tifffile.imwrite(
        tmp_path / "um.tif",
        image,
        photometric="rgb",
        imagej=True,
        resolution=(2, 2),
        metadata={"unit": "um"},
    )
    iio.imwrite(tmp_path / "px.png", image)
    nm = {"axes": "YXS", **{f"PhysicalSize{a}": 500 for a in "XY"}}
    nm |= {f"PhysicalSize{a}Unit": "nm" for a in "XY"}
    tifffile.imwrite(
        tmp_path / "nm.ome.tif", image, photometric="rgb", ome=True, metadata=nm
    )
    names = ("px.png", "um.tif", "nm.ome.tif")
    code, rows, _ = batch(*(tmp_path / name for name in names))
    assert code == 0
    units = {row["image"]: row["unit"] for row in rows}
    assert units == {"px.png": "pixel", "um.tif": "µm", "nm.ome.tif": "µm"}
    pixels, micrometers, nanometers = (
        [float(row["area"]) for row in rows if row["image"] == name] for name in names
    )
    assert len(pixels) > 0
    assert micrometers == nanometers == [n / 4 for n in pixels]
    assert not any("e+" in cell for row in rows for cell in row.values())


def test_two_results_never_share_a_file(folder, tmp_path, capfd):
    given = ("--model", folder / "model.garage", "--out", tmp_path / "out")
    same = tmp_path / "same.csv"
    assert (
        run("segment", folder / "image.png", *given, "--table", same, "--json", same)
        == 2
    )
    assert "same.csv" in capfd.readouterr().err


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_keeps_what_is_done(batch, pictures, tmp_path, monkeypatch, name):
    number = getattr(signal, name)
    real = pipeline.segment_image

    def stop_at_the_second(model, image, options):
        if image.name == "f.png":
            os.kill(os.getpid(), number)
        return real(model, image, options)

    monkeypatch.setattr(pipeline, "segment_image", stop_at_the_second)
    last = shutil.copy(pictures[0], tmp_path / "z.tif")
    code, rows, report = batch(pictures[0], pictures[-1], last)
    assert code == 128 + number
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "a_segmentation.tif"
    }
    assert {row["image"] for row in rows} == {"a.tif"}
    assert report["stopped_by"] == {"SIGINT": "Ctrl-C"}.get(name, name)
    assert report["not_tried"] == [str(pictures[-1]), str(last)]
    assert report["failed"] == []


def test_a_signal_while_files_are_written_waits_for_them(
    batch, pictures, tmp_path, monkeypatch
):
    real = pipeline.write_outputs

    def stop_and_write(segmented, paths):
        os.kill(os.getpid(), signal.SIGTERM)
        real(segmented, paths)

    monkeypatch.setattr(pipeline, "write_outputs", stop_and_write)
    code, rows, report = batch(pictures[0], pictures[-1], options=["--objects"])
    assert code == 143
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("a_segmentation.tif", "a_objects.tif"),
    }
    assert {row["image"] for row in rows} == {"a.tif"}
    assert len(report["results"]) == 1


def test_probabilities_without_room_are_refused_before_the_work(
    batch, pictures, monkeypatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=9000))
    monkeypatch.setattr(
        pipeline, "segment_image", lambda *_: pytest.fail("it has begun")
    )
    code, _, report = batch(pictures[0], pictures[-1], options=["--probabilities"])
    assert code == 2
    for failed in report["failed"]:
        assert "need about 23 kB of room in" in failed["reason"]
        assert "9.0 kB are free" in failed["reason"]
