"""Model files of every version open, and give the labels they gave.

`tests/data/models/README.md` tells which code wrote each file and what is in it. The
labels and levels beside a file were computed by commit b3fb95b, before version 2.
"""

from __future__ import annotations

import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_garage_unet import Model, load_model
from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import ModelFileError
from napari_garage_unet.engine.models.archive import VERSION
from napari_garage_unet.engine.models.transfer import transfer_weights
from napari_garage_unet.engine.networks.build import build_network

FOLDER = Path(__file__).parents[2] / "data" / "models"

REFUSED = ("w06",)
"""Written before there was a smoothing radius; no later version has opened it."""

FILES = sorted(p for p in FOLDER.glob("*.garage") if p.stem not in REFUSED)

of_each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def expected(file: Path) -> dict[str, NDArray[Any]]:
    """The image, its labels and its levels; a file saved again gives the same ones."""
    name = file.stem.removesuffix("_version_2")
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def description_of(file: Path) -> dict[str, Any]:
    with zipfile.ZipFile(file) as archive:
        return json.loads(archive.read("model.json"))


@cache
def opened(file: Path) -> Model:
    """Open a file once: its network is built when it is first used."""
    return load_model(file)


def test_there_are_files_of_all_versions():
    versions = [description_of(file)["version"] for file in FILES]
    assert set(versions) == set(range(1, VERSION + 1))
    assert versions.count(1) == 10


@of_each_file
def test_a_file_gives_the_labels_it_gave(file):
    before = expected(file)

    labels = opened(file).segment(before["image"])

    assert labels.dtype == before["labels"].dtype
    np.testing.assert_array_equal(labels, before["labels"])


@of_each_file
def test_a_file_gives_the_probabilities_it_gave(file):
    before = expected(file)

    probabilities = opened(file).predict_proba(before["image"])

    # Another processor adds up in another order, which is one level at the most.
    levels = np.round(255 * probabilities).astype(int)
    assert np.abs(levels - before["levels"]).max() <= 1


@of_each_file
def test_a_file_holds_the_same_when_it_is_saved_again(file, tmp_path):
    model = opened(file)
    model.save(tmp_path / "again.garage")

    again = load_model(tmp_path / "again.garage")

    assert description_of(tmp_path / "again.garage")["version"] == VERSION
    assert again.info() == model.info()
    assert list(again.weights) == list(model.weights)
    for name, array in model.weights.items():
        np.testing.assert_array_equal(again.weights[name], array)
    assert (again.decoder is None) == (model.network.encoder == "plain")
    if model.decoder is not None:
        assert again.decoder.to_json() == model.decoder.to_json()
        for name, array in model.decoder.arrays().items():
            np.testing.assert_array_equal(again.decoder.arrays()[name], array)
    assert (again.held_out is None) == (model.held_out is None)
    if model.held_out is not None:
        np.testing.assert_array_equal(again.held_out.levels, model.held_out.levels)


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_of_the_first_day_is_refused(name):
    with pytest.raises(ModelFileError, match="do not fit the network"):
        load_model(FOLDER / f"{name}.garage")


def test_a_file_of_version_1_whose_weights_are_damaged_is_refused(tmp_path):
    description = description_of(FOLDER / "w12.garage")
    with (
        zipfile.ZipFile(FOLDER / "w12.garage") as old,
        zipfile.ZipFile(tmp_path / "short.garage", "w") as new,
    ):
        for name in old.namelist():
            if name != "weights/0011.npy":
                new.writestr(name, old.read(name))
    with pytest.raises(ModelFileError, match=r"weights/0011\.npy is missing"):
        load_model(tmp_path / "short.garage")
    assert len(description["weights"]) == 12


@pytest.mark.parametrize("name", ["w07_first", "w09", "w12"])
def test_a_file_without_a_patch_network_has_a_fresh_one_that_does_not_count(name):
    network = opened(FOLDER / f"{name}.garage").predictor.network
    assert network.patch_weight == 0
    kernel, *_ = network.patch_network.kernels
    assert kernel.numpy().std() == pytest.approx((2 / 100) ** 0.5, rel=0.05)


@pytest.mark.parametrize("name", ["w07_first", "w12"])
def test_a_model_of_version_1_learns_new_classes(name):
    model = opened(FOLDER / f"{name}.garage")
    n_classes = len(model.classes)
    network = build_network(model.network, model.n_channels, n_classes + 1)

    transfer_weights(model, network, [*model.classes, ClassInfo(200)])

    kernel = network.head.kernels[-1].numpy()
    known = model.predictor.network.head.kernels[-1].numpy()
    np.testing.assert_array_equal(kernel[..., :n_classes], known)
    assert network.smoothing_radius == model.predictor.network.smoothing_radius
    assert network.head.state.class_proportions[-1] == 0
