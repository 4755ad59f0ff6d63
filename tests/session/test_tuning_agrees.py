"""On the same probabilities, Python, the command line and the session agree.

Labels, objects and tables, with rules that were tuned and saved in a model. No network
is needed for that: the probabilities are made from the pixels.
"""

from __future__ import annotations

import csv
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from made_results import CLASSES, balls, levels_of, make_result

from napari_garage_unet import cli
from napari_garage_unet.cli import segmenting
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.objects.instances import class_objects, objects_table
from napari_garage_unet.engine.objects.table_files import plain_number

CENTRES = {
    2: [(20, 20), (20, 38), (50, 25), (52, 60)],
    3: [(5, 20, 20), (5, 20, 38), (9, 50, 25), (3, 52, 60)],
}
RULES = {
    "threshold and size": {2: ClassRule(threshold=0.35, min_size=80, fill_holes=9)},
    "two levels, sizes and outlines": {
        2: ClassRule(0.35, low=0.3, smooth=2, fill_holes=5, min_size=60, max_size=9999)
    },
    "split by distance": {2: ClassRule(threshold=0.3, min_size=20, split=True)},
    "split by probability": {
        2: ClassRule(threshold=0.3, split=True, split_by="probability")
    },
}


def make_pixels(axes):
    """Balls in a picture of 8 bits; a time series is that, brighter and darker."""
    spatial = axes.replace("t", "")
    shape = (12, 64, 72)[-len(spatial) :]
    cell = balls(shape, CENTRES[len(spatial)], radius=9)
    frames = [cell, cell * 0.8, np.zeros(shape)] if "t" in axes else [cell]
    pixels = np.rint(np.stack(frames) * 255).astype(np.uint8)
    pixels = pixels if "t" in axes else pixels[0]
    return pixels + np.random.default_rng(0).integers(0, 9, pixels.shape, np.uint8)


class FakePredictor:
    """Gives each plane probabilities, in place of a network."""

    network = SimpleNamespace(devices=SimpleNamespace(text="a test", note=""))

    def predict_plane(self, image, index=()):
        levels = levels_of(image.plane(index)[..., 0] / 255.0)
        return levels.astype(np.float32) / np.float32(255)

    def forget(self, image):
        """Nothing is kept of an image."""


@pytest.fixture(params=RULES)
def rules(request):
    return RULES[request.param]


@pytest.fixture
def model(monkeypatch, rules):
    monkeypatch.setattr(segmenting, "start_engine", lambda: None)
    monkeypatch.setattr(Model, "predictor", FakePredictor())
    return Model(
        classes=CLASSES,
        preprocess=PreprocessConfig(),
        network=NetworkConfig(),
        n_channels=1,
        weights={"w": np.zeros(1, np.float32)},
        rules=rules,
    )


def read_table(path):
    with path.open(encoding="utf-8-sig") as file:
        header, *rows = csv.reader(file)
    return header, rows


@pytest.mark.parametrize("axes", ["yx", "tyx", "zyx", "tzyx"])
def test_labels_objects_and_tables_are_the_same(
    axes, model, rules, viewer, session, run, tmp_path
):
    pixels = make_pixels(axes)
    np.save(tmp_path / "cells.npy", pixels)
    model.save(tmp_path / "tuned.garage")

    # Python
    layer = viewer.add_image(pixels, name="cells", axis_labels=tuple(axes))
    image = session.images.bind(layer).image()
    assert image.axes == axes
    probabilities = model.predict_proba(image)
    labels = model.segment(image)
    np.testing.assert_array_equal(model.decide(probabilities, image=image), labels)
    ids = class_objects(
        labels, CLASSES, image, rules=rules, probabilities=probabilities
    )
    table = objects_table(ids, CLASSES, image)
    assert table["label"].size >= 3
    assert ("t" in table) == ("t" in axes)
    assert ("volume" in table) == ("z" in axes)

    # Command line: what was tuned is in the model.
    with pytest.raises(SystemExit) as ended:
        cli.main(
            [
                *("segment", str(tmp_path / "cells.npy"), "--axes", axes),
                *("--model", str(tmp_path / "tuned.garage")),
                *("--out", str(tmp_path / "cells.tif"), "--objects"),
                *("--table", str(tmp_path / "cells.csv")),
            ]
        )
    assert ended.value.code == 0
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "cells.tif"), labels)
    written = tifffile.imread(tmp_path / "cells_objects.tif")
    np.testing.assert_array_equal(written, ids[2])
    header, rows = read_table(tmp_path / "cells.csv")
    assert [name.split(" (")[0] for name in header] == ["image", "unit", *table]
    for name, *column in zip(header[2:], *(row[2:] for row in rows), strict=True):
        expected = table[name.split(" (")[0]].tolist()
        texts = [
            plain_number(value) if isinstance(value, float) else str(value)
            for value in expected
        ]
        assert column == texts, name

    # Session
    levels = np.rint(probabilities * 255).astype(np.uint8)
    result = make_result(viewer, session, layer, levels)
    session.tuner.set_rules(result, rules)
    run(lambda: not result.n_outdated)
    np.testing.assert_array_equal(result.layer.data, labels)
    session.objects.find(result)
    run(lambda: session.objects.newest is not None)
    found = session.objects.newest
    np.testing.assert_array_equal(found.layer.data, ids[2])
    assert list(found.table) == list(table)
    for name, column in table.items():
        np.testing.assert_array_equal(found.table[name], column, err_msg=name)


def test_options_do_what_the_saved_rules_do(model, rules, tmp_path):
    """`--threshold`, `--min-size`, `--split-by` on a model without rules."""
    np.save(tmp_path / "cells.npy", make_pixels("yx"))
    model.with_rules({}).save(tmp_path / "plain.garage")
    rule = rules[2]
    split = ["--split-by", rule.split_by] if rule.split else []
    options = ["--threshold", f"cell={rule.threshold}", f"--min-size=2={rule.min_size}"]
    with pytest.raises(SystemExit) as ended:
        cli.main(
            [
                *("segment", str(tmp_path / "cells.npy"), *options, *split),
                *("--model", str(tmp_path / "plain.garage"), "--objects"),
                *("--out", str(tmp_path / "cells.tif")),
            ]
        )
    assert ended.value.code == 0
    labels = model.with_rules({2: rule}).segment(np.load(tmp_path / "cells.npy"))
    expected = tifffile.imread(tmp_path / "cells.tif")
    if not rule.fill_holes:
        np.testing.assert_array_equal(labels, expected)
    count = tifffile.imread(tmp_path / "cells_objects.tif").max()
    assert count == (4 if rule.split else 3)


def test_a_batch_uses_what_was_saved(model, tmp_path):
    """One picture and one time series; a column that one does not have is empty."""
    for axes in ("yx", "tyx"):
        pixels = make_pixels(axes)
        tifffile.imwrite(
            tmp_path / f"{axes}.tif",
            pixels,
            imagej=True,
            metadata={"axes": axes.upper()},
        )
    model.save(tmp_path / "tuned.garage")
    with pytest.raises(SystemExit) as ended:
        cli.main(
            [
                *("segment", str(tmp_path / "yx.tif"), str(tmp_path / "tyx.tif")),
                *("--model", str(tmp_path / "tuned.garage")),
                *("--out", str(tmp_path / "out"), "--table", str(tmp_path / "t.csv")),
            ]
        )
    assert ended.value.code == 0
    for axes in ("yx", "tyx"):
        expected = model.segment(Image(make_pixels(axes), axes))
        found = tifffile.imread(tmp_path / "out" / f"{axes}_segmentation.tif")
        np.testing.assert_array_equal(found, expected)
    header, rows = read_table(tmp_path / "t.csv")
    times = {row[header.index("t")] for row in rows if row[0].startswith("tyx")}
    assert times == {"0", "1"}
    assert {row[header.index("t")] for row in rows if row[0].startswith("yx")} == {""}
