"""`garage-unet train` gives the model of Python, or one line that says why not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from command_line import AS_PLAIN, PLAIN, STEPS, assert_refused, run, squares
from scipy import ndimage

from napari_garage_unet import load_model, train
from napari_garage_unet.cli.terminal import ProgressLine
from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.training import Training
from napari_garage_unet.engine.models.model import Model

TRAIN = "train --image {f}/image.png --strokes {f}/strokes.png --model {t}/m "


def test_training_gives_the_model_of_python(folder, model):
    image, strokes = squares()
    expected = train(
        image,
        strokes,
        seconds=3600,
        network=PLAIN,
        training=TrainingConfig(max_steps=STEPS),
    )
    assert model.class_ids == expected.class_ids == (1, 3)
    np.testing.assert_allclose(
        model.predict_proba(image), expected.predict_proba(image), atol=1e-4
    )


def test_training_reports_what_it_did(folder, model):
    report = json.loads((folder / "train.json").read_text())
    assert report["command"] == "train"
    assert report["ended"] == "steps"
    assert report["images"] == [
        {"image": "image.png", "shape": [72, 80, 3], "axes": "yxc", "notes": []}
    ]
    assert report["provenance"]["steps"] == STEPS
    assert report["provenance"]["stroke_pixels"] == {"1": 210, "3": 100}
    names = [(c.id, c.name, c.background) for c in model.classes]
    assert names == [(1, "class 1", True), (3, "wheel", False)]


def test_strokes_settle_which_axis_is_which(tmp_path):
    # A shape that is read as channels first unless the strokes say otherwise.
    rng = np.random.default_rng(1)
    stack = rng.integers(0, 99, (3, 40, 48)).astype(np.uint16)
    strokes = np.zeros(stack.shape, np.uint8)
    strokes[1, 4:8, 4:40], strokes[1, 20:24, 4:40] = 1, 2
    np.save(tmp_path / "stack.npy", stack)
    np.save(tmp_path / "strokes.npy", strokes)
    assert (
        run(
            *("train", "--image", tmp_path / "stack.npy"),
            *("--strokes", tmp_path / "strokes.npy", "--model", tmp_path / "m.garage"),
            *("--steps", 1, *AS_PLAIN),
        )
        == 0
    )
    model = load_model(tmp_path / "m.garage")
    assert (model.axes, model.n_channels) == ("zyx", 1)
    given = ("--model", tmp_path / "m.garage", "--out", tmp_path / "labels.tif")
    assert run("segment", tmp_path / "stack.npy", *given, "--probabilities") == 0
    labels = tifffile.imread(tmp_path / "labels.tif")
    np.testing.assert_array_equal(labels, model.segment(stack))
    assert tifffile.imread(tmp_path / "labels_probabilities.tif").shape == (
        2,
        3,
        40,
        48,
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [("SIGINT", "Ctrl-C"), ("SIGTERM", "SIGTERM"), ("SIGHUP", "SIGHUP")],
)
def test_a_signal_keeps_what_has_been_learnt(
    folder, tmp_path, monkeypatch, capsys, name, said
):
    if not hasattr(signal, name):
        pytest.skip(f"there is no {name} here")
    number = getattr(signal, name)
    shown = ProgressLine.__call__

    def stop(self, step):
        shown(self, step)
        os.kill(os.getpid(), number)

    monkeypatch.setattr(ProgressLine, "__call__", stop)
    before = signal.getsignal(number)
    arguments = [
        *("train", "--image", folder / "image.png", *AS_PLAIN),
        *("--strokes", folder / "strokes.tif", "--model", tmp_path / "m.garage"),
        *("--seconds", 600, "--json", tmp_path / "report.json"),
    ]
    assert run(*arguments) == 0
    out = capsys.readouterr().out
    assert "1 steps in" in out
    assert f", stopped by {said}, " in out
    assert load_model(tmp_path / "m.garage").provenance["steps"] == 1
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["ended"] == "interrupted"
    assert report["stopped_by"] == said
    assert signal.getsignal(number) is before


def test_a_signal_after_the_last_step_does_not_lose_the_model(
    folder, tmp_path, monkeypatch
):
    save = Model.save

    def stop_and_save(self, path):
        os.kill(os.getpid(), signal.SIGTERM)
        save(self, path)

    monkeypatch.setattr(Model, "save", stop_and_save)
    arguments = [
        *("train", "--image", folder / "image.png", *AS_PLAIN, "--steps", 1),
        *("--strokes", folder / "strokes.tif", "--model", tmp_path / "m.garage"),
    ]
    assert run(*arguments) == 0
    assert load_model(tmp_path / "m.garage").provenance["steps"] == 1


def test_a_disk_without_room_is_found_before_the_training(
    folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    monkeypatch.setattr(Training, "run", lambda self: pytest.fail("it has begun"))
    arguments = [
        *("train", "--image", folder / "image.png", *AS_PLAIN, "--steps", 1),
        *("--strokes", folder / "strokes.tif", "--model", tmp_path / "m.garage"),
    ]
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert "The model needs" in err
    assert f"of room in {tmp_path}, where 1.0 kB are free" in err
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_cannot_be_written_in_the_end_is_saved_elsewhere(
    folder, tmp_path, monkeypatch, capsys
):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    save = Model.save

    def save_unless_full(self, path):
        if Path(path).parent == tmp_path:
            raise OutputError("The disk is full.")
        save(self, path)

    monkeypatch.setattr(Model, "save", save_unless_full)
    arguments = [
        *("train", "--image", folder / "image.png", *AS_PLAIN, "--steps", 1),
        *("--strokes", folder / "strokes.tif", "--model", tmp_path / "m.garage"),
    ]
    assert run(*arguments) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    (rescued,) = (tmp_path / "temporary").rglob("m.garage")
    assert err == (
        "garage-unet: The disk is full. What was learnt is not lost: it was saved as "
        f"{rescued}."
    )
    assert load_model(rescued).provenance["steps"] == 1


BAD = {
    "missing image": (
        "train --image {f}/no.png --strokes {f}/strokes.png --model {t}/m",
        "no file",
        "no.png",
    ),
    "other shape": (
        "train --image {f}/image.png --strokes {f}/short.png --model {t}/m",
        "(72, 80, 3)",
        "(40, 80)",
    ),
    "other shape, axes given": (
        "train --image {f}/grey.png --strokes {f}/short.png --axes yx --model {t}/m",
        "(72, 80)",
        "(40, 80)",
    ),
    "wrong axes": (
        "train --image {f}/image.png --strokes {f}/strokes.png --axes zq --model {t}/m",
        "zq",
    ),
    "no strokes": (
        "train --image {f}/image.png --strokes {f}/nothing.png --model {t}/m",
        "Nothing is painted",
    ),
    "one class": (
        "train --image {f}/image.png --strokes {f}/one.png --model {t}/m",
        "class 3",
    ),
    "number of files": (
        TRAIN + "--image {f}/grey.png",
        "2 --image and 1 --strokes",
    ),
    "no picture": (
        "train --image {f}/text.png --strokes {f}/strokes.png --model {t}/m",
        "text.png",
    ),
    "unwritable model": (
        "train --image {f}/image.png --strokes {f}/strokes.png --model {t}/no/m",
        "not a folder",
    ),
    "model over image": (
        "train --image {f}/image.png --strokes {f}/strokes.png --model {f}/image.png",
        "overwritten",
    ),
    "class not painted": (
        TRAIN + "--class 9=door",
        "no strokes of class 9",
    ),
    "class without number": (
        TRAIN + "--class door",
        "ID=NAME",
    ),
    "missing option": ("train --image {f}/image.png", "--strokes"),
    "negative seconds": (
        TRAIN + "--seconds -1",
        "-1",
    ),
    "network too deep": (TRAIN + "--depth 99", "99"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gives_one_line_and_exit_code_2(case, folder, tmp_path, capfd):
    text, *expected = BAD[case]
    assert_refused(text.format(f=folder, t=tmp_path).split(), expected, folder, capfd)


STROKES_THAT_ARE_NONE = {
    "picture": "looks like a picture",
    "swapped": "probably swapped",
    "resized": "nearest neighbour",
    "instances": "numbered one by one",
    "large": "whole numbers from 1 to 65535",
}


@pytest.mark.parametrize("kind", STROKES_THAT_ARE_NONE)
def test_what_cannot_be_strokes_is_refused_with_its_likely_cause(kind, tmp_path, capfd):
    rng = np.random.default_rng(0)
    picture = rng.normal(100, 10, (96, 96)).astype(np.uint16)
    mask = np.zeros((96, 96), np.uint8)
    mask[8:40, 8:88], mask[56:88, 8:88] = 100, 200
    numbered = np.arange(1, 37, dtype=np.uint16).reshape(6, 6)
    numbered = np.kron(numbered, np.ones((12, 12), np.uint16))
    large = mask.astype(np.int32)
    large[0, 0] = 70000
    strokes = {
        "picture": picture[::-1].copy(),
        "swapped": picture,
        "resized": np.rint(ndimage.gaussian_filter(mask.astype(float), 3)).astype("u1"),
        "instances": np.pad(numbered, 12),
        "large": large,
    }[kind]
    np.save(tmp_path / "image.npy", mask if kind == "swapped" else picture)
    np.save(tmp_path / "strokes.npy", strokes)
    text = "train --image {t}/image.npy --strokes {t}/strokes.npy --model {t}/m"
    expected = [STROKES_THAT_ARE_NONE[kind]]
    if kind != "large":
        expected.append(f"{np.unique(strokes[strokes > 0]).size} different ids")
    assert_refused(text.format(t=tmp_path).split(), expected, tmp_path, capfd)
