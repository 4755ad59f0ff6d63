"""The command line gives the labels of Python and one clear line when it cannot."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import zipfile

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from napari_garage_unet import cli, load_model, train
from napari_garage_unet.cli.terminal import ProgressLine, interrupt_flag
from napari_garage_unet.engine.compute.devices import Devices, use_devices
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.events import TrainingStep, Validation
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.objects.instances import class_objects

STEPS = 2
PLAIN = NetworkConfig(encoder="plain", width=4, depth=2)
AS_PLAIN = ("--encoder", "plain", "--width", 4, "--depth", 2)
TRAIN = "train --image {f}/image.png --strokes {f}/strokes.png --model {t}/m "


def run(*arguments):
    """Run the command line in this process and return its exit code."""
    with pytest.raises(SystemExit) as exit_info:
        cli.main([str(argument) for argument in arguments])
    return exit_info.value.code


def garage():
    """A dark ground with bright squares, and strokes of the classes 1 and 3."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 80, (72, 80, 3)).astype(np.uint8)
    image[20:50, 25:60] += 120
    strokes = np.zeros((72, 80), np.uint8)
    strokes[5:8, 5:75] = 1
    strokes[30:34, 30:55] = 3
    return image, strokes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images, strokes and bad files of all kinds, and a model trained on them."""
    folder = tmp_path_factory.mktemp("garage")
    image, strokes = garage()
    iio.imwrite(folder / "image.png", image)
    tifffile.imwrite(folder / "same.tif", image, photometric="rgb")
    iio.imwrite(folder / "strokes.png", strokes)
    tifffile.imwrite(folder / "strokes.tif", strokes)
    iio.imwrite(folder / "grey.png", image[..., 0])
    iio.imwrite(folder / "short.png", strokes[:40])
    iio.imwrite(folder / "nothing.png", np.zeros_like(strokes))
    iio.imwrite(folder / "one.png", np.where(strokes == 3, 3, 0).astype(np.uint8))
    (folder / "text.png").write_text("no picture")
    assert run(*training(folder), "--json", folder / "train.json") == 0
    with zipfile.ZipFile(folder / "model.garage") as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    for name, part in (("damaged", "weights/0000.npy"), ("foreign", "model.json")):
        with zipfile.ZipFile(folder / f"{name}.garage", "w") as archive:
            for entry, data in entries.items():
                archive.writestr(entry, b"{}" if entry == part else data)
    # A file whose arrays are sound but belong to another network.
    with zipfile.ZipFile(folder / "swapped.garage", "w") as archive:
        for entry, data in entries.items():
            wanted = "weights/0001.npy" if entry == "weights/0000.npy" else entry
            archive.writestr(entry, data if wanted == entry else entries[wanted])
    return folder


def training(folder, *, strokes="strokes.png", out="model.garage"):
    return (
        *("train", "--image", folder / "image.png", "--strokes", folder / strokes),
        *("--model", folder / out, "--steps", STEPS, *AS_PLAIN),
        *("--class", "3=wheel", "--background", 1),
    )


@pytest.fixture(scope="module")
def model(folder):
    return load_model(folder / "model.garage")


def read(path):
    return tifffile.imread(path)


def test_training_gives_the_model_of_python(folder, model):
    image, strokes = garage()
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
        {"image": "image.png", "shape": [72, 80, 3], "axes": "yxc"}
    ]
    assert report["provenance"]["steps"] == STEPS
    assert report["provenance"]["stroke_pixels"] == {"1": 210, "3": 100}
    names = [(c.id, c.name, c.background) for c in model.classes]
    assert names == [(1, "class 1", True), (3, "wheel", False)]


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


def test_png_and_tiff_give_the_labels_of_python(folder, model, tmp_path):
    inputs = (folder / "image.png", folder / "same.tif")
    report = tmp_path / "report.json"
    arguments = ("--model", folder / "model.garage", "--out", tmp_path / "out")
    assert run("segment", *inputs, *arguments, "--json", report) == 0
    expected = model.segment(garage()[0])
    assert {1, 3} >= set(np.unique(expected)) != {0}
    for name in ("image_segmentation.tif", "same_segmentation.tif"):
        found = read(tmp_path / "out" / name)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, expected)
    results = json.loads(report.read_text())["results"]
    assert [r["input"] for r in results] == ["image.png", "same.tif"]
    counts = {str(i): int((expected == i).sum()) for i in (0, 1, 3)}
    assert results[0]["pixels"] == results[1]["pixels"] == counts


def test_probabilities_lie_next_to_unchanged_labels(folder, model, tmp_path):
    out = tmp_path / "wheels.tif"
    given = ("--model", folder / "model.garage", "--out", out)
    assert run("segment", folder / "image.png", *given, "--probabilities") == 0
    expected = model.predict_proba(garage()[0])
    found = read(tmp_path / "wheels_probabilities.tif")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(read(out), model.segment(garage()[0]))


def test_thresholds_and_sizes_are_those_of_the_rules(folder, model, tmp_path):
    image = garage()[0]
    level = float(np.quantile(model.predict_proba(image)[1], 0.8))
    out = tmp_path / "out.tif"
    given = ("segment", folder / "image.png", "--model", folder / "model.garage")
    options = ("--threshold", f"wheel={level}", "--threshold", "1=0.9")
    assert run(*given, "--out", out, *options, "--min-size", "3=20") == 0
    rules = {1: ClassRule(threshold=0.9), 3: ClassRule(threshold=level, min_size=20)}
    expected = model.with_rules(rules).segment(image)
    assert (expected != model.segment(image)).any()
    np.testing.assert_array_equal(read(out), expected)


def test_a_preset_is_used_listed_and_overridden(folder, model, tmp_path, capsys):
    image = garage()[0]
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
    np.testing.assert_array_equal(read(out), expected)
    assert json.loads(report.read_text())["preset"] == "dark"

    assert run(*given, "--preset", "strict", "--threshold", f"3={level}") == 0
    rules = {1: ClassRule(threshold=0.99), 3: ClassRule(threshold=level)}
    np.testing.assert_array_equal(read(out), model.with_rules(rules).segment(image))

    capsys.readouterr()
    assert run("info", file) == 0
    text = capsys.readouterr().out
    assert "Presets" in text
    assert "strict  class 1: threshold 0.99; wheel: threshold 0.99" in text

    assert run(*given, "--preset", "bright") == 2
    assert "no preset 'bright'; this model has 'dark', 'strict'" in (
        capsys.readouterr().err
    )


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
    labels = read(tmp_path / "labels.tif")
    np.testing.assert_array_equal(labels, model.segment(stack))
    assert read(tmp_path / "labels_probabilities.tif").shape == (2, 3, 40, 48)


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
    "missing model": (
        "segment {f}/image.png --model {f}/no.garage --out {t}",
        "no.garage",
    ),
    "damaged model": (
        "segment {f}/image.png --model {f}/damaged.garage --out {t}",
        "damaged.garage",
    ),
    "foreign model": ("info {f}/foreign.garage", "not a model"),
    "picture as model": ("info {f}/image.png", "image.png"),
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
    "unwritable report": (
        "info {f}/model.garage --json {t}/no/report.json",
        "not a folder",
    ),
    "unknown picture": (
        "info {f}/model.garage --plot {t}/model.xyz",
        ".png",
    ),
    "unwritable export": (
        "export {f}/model.garage --to onnx {t}/no/model.onnx",
        "not a folder",
    ),
    "missing option": ("train --image {f}/image.png", "--strokes"),
    "negative seconds": (
        TRAIN + "--seconds -1",
        "-1",
    ),
    "network too deep": (TRAIN + "--depth 99", "99"),
    "unknown command": ("paint", "paint"),
    "no command": ("", "garage-unet --help"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gives_one_line_and_exit_code_2(case, folder, tmp_path, capfd):
    text, *expected = BAD[case]
    arguments = text.format(f=folder, t=tmp_path).split()
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert run(*arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("garage-unet: ")
    assert len(err) > 30
    for part in expected:
        assert part in err
    assert before == {path: path.read_bytes() for path in folder.iterdir()}


def test_errors_after_the_start_of_tensorflow_are_one_line_too(folder, tmp_path):
    given = ("--model", folder / "swapped.garage", "--out", tmp_path / "out.tif")
    command = (sys.executable, "-c", "from napari_garage_unet.cli import main; main()")
    done = subprocess.run(
        [*command, "segment", folder / "image.png", *given],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "do not fit the network" in done.stderr


def test_help_and_info_do_without_tensorflow(folder):
    script = (
        "import sys\n"
        "from napari_garage_unet.cli import main\n"
        "for arguments in (['--help'], ['train', '--help'], ['info', sys.argv[1]]):\n"
        "    try:\n"
        "        main(arguments)\n"
        "    except SystemExit as end:\n"
        "        assert end.code == 0, arguments\n"
        "loaded = {'tensorflow', 'keras', 'napari', 'qtpy'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, folder / "model.garage"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "wheel" in done.stdout


def test_info_is_readable_and_draws_the_network(folder, model, tmp_path, capsys):
    given = ("--plot", tmp_path / "model.png", "--json", tmp_path / "info.json")
    assert run("info", folder / "model.garage", *given) == 0
    text = capsys.readouterr().out
    for part in ("3  wheel", "class 1, background", "width 4", "axes yxc, 3 channels"):
        assert part in text
    assert f"{STEPS} steps" in text
    assert iio.imread(tmp_path / "model.png").shape == (928, 1844, 3)
    report = json.loads((tmp_path / "info.json").read_text())
    assert report["network"]["encoder"] == "plain"
    assert report["provenance"] == model.provenance


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


def test_ctrl_c_keeps_what_has_been_learnt(folder, tmp_path, monkeypatch, capsys):
    shown = ProgressLine.__call__

    def press_ctrl_c(self, step):
        shown(self, step)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(ProgressLine, "__call__", press_ctrl_c)
    before = signal.getsignal(signal.SIGINT)
    arguments = [
        *("train", "--image", folder / "image.png", *AS_PLAIN),
        *("--strokes", folder / "strokes.tif", "--model", tmp_path / "m.garage"),
        *("--seconds", 600, "--json", tmp_path / "report.json"),
    ]
    assert run(*arguments) == 0
    assert "stopped by Ctrl-C" in capsys.readouterr().out
    assert load_model(tmp_path / "m.garage").provenance["steps"] == 1
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["ended"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) is before


def test_second_ctrl_c_interrupts_at_once():
    with interrupt_flag() as asked:
        os.kill(os.getpid(), signal.SIGINT)
        assert asked == [True]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_what_nobody_expected_shows_its_traceback(folder, monkeypatch):
    def fail(path):
        raise RuntimeError("nobody expected this")

    monkeypatch.setattr("napari_garage_unet.engine.models.loading.read_info", fail)
    with pytest.raises(RuntimeError, match="nobody expected this"):
        cli.main(["info", str(folder / "model.garage")])


def test_a_lack_of_memory_is_one_line_that_says_what_to_do(folder, monkeypatch, capsys):
    def fail(path):
        raise MemoryError

    monkeypatch.setattr("napari_garage_unet.engine.models.loading.read_info", fail)
    assert run("info", folder / "model.garage") == 2
    assert "not enough memory" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_one_line_that_a_terminal_updates(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = ProgressLine("30 s")
    progress(TrainingStep(99, 1.2, 0.5, Validation(0.4, 0.875, best=True)))
    progress(TrainingStep(100, 2.6, 0.4))
    assert terminal.getvalue().count("\n") == 0
    last = terminal.getvalue().split("\r")[-1]
    expected = "step 100, 3 s of 30 s, loss 0.400, 88 % of the held-out strokes right"
    assert last.rstrip() == expected
    progress.close()
    assert terminal.getvalue().split("\r")[-2:] == [" " * len(expected), ""]


def test_kept_accuracy_is_that_of_the_best_state():
    progress = ProgressLine("30 s")
    progress(TrainingStep(10, 1.0, 0.5, Validation(0.4, 0.8, best=True)))
    progress(TrainingStep(20, 2.0, 0.5, Validation(0.6, 0.7, best=False)))
    assert (progress.accuracy, progress.best_accuracy) == (0.7, 0.8)


def test_progress_stays_silent_without_a_terminal(monkeypatch):
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    progress = ProgressLine("30 s")
    progress(TrainingStep(1, 1.0, 0.5))
    progress.close()
    assert pipe.getvalue() == ""


def test_objects_and_their_table_are_those_of_python(folder, model, tmp_path):
    out = tmp_path / "out.tif"
    code = run(
        *("segment", folder / "image.png", "--model", folder / "model.garage"),
        *("--out", out, "--objects", "--split", "--table", tmp_path / "t.csv"),
        *("--json", tmp_path / "r.json"),
    )
    assert code == 0
    image = model.as_image(garage()[0])
    labels = model.segment(image)
    found = class_objects(labels, model.classes, image, split=True)
    np.testing.assert_array_equal(read(out), labels)
    np.testing.assert_array_equal(read(tmp_path / "out_objects.tif"), found[3])
    lines = (tmp_path / "t.csv").read_text().splitlines()
    n = int(found[3].max())
    assert len(lines) == 1 + n
    assert lines[0].startswith("image,class,label,area (pixel")
    (result,) = json.loads((tmp_path / "r.json").read_text())["results"]
    assert result["objects"] == {"3": n}
