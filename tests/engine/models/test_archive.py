"""Models on disk: complete, safe and all or nothing."""

from __future__ import annotations

import dataclasses
import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import ModelFileError, OutputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.models.archive import VERSION
from napari_garage_unet.engine.models.held_out_predictions import HeldOutPredictions
from napari_garage_unet.engine.models.loading import (
    load_model,
    read_held_out,
    read_info,
)
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.decoder_state import DecoderState


@pytest.fixture
def model():
    rng = np.random.default_rng(0)
    return Model(
        classes=(ClassInfo(1, "floor", background=True), ClassInfo(7, "wheel")),
        preprocess=PreprocessConfig(gamma=0.8),
        network=NetworkConfig(encoder="plain", width=4),
        n_channels=3,
        weights={"a/kernel 1": rng.random((3, 4)), "b": rng.random(5).astype("f2")},
        axes="yxc",
        rules={7: ClassRule(threshold=0.625, min_size=50)},
        provenance={"seconds": 3.5, "images": ["garage"]},
        presets={"dark": {7: ClassRule(threshold=0.25, split=True)}, "plain": {}},
        held_out=HeldOutPredictions(
            np.array([[200, 30, 5], [55, 225, 250]], np.uint8),
            np.array([1, 7, 7], np.int32),
            np.array([0, 1, 1], np.int32),
        ),
    )


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "tools.garage")
    return tmp_path / "tools.garage"


def rewrite(path, **members):
    """Replace members of a model archive; None leaves one out."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content.update(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(name, data)


def test_a_model_comes_back_as_it_was(model, path):
    loaded = load_model(path)
    assert loaded.info() == model.info()
    assert loaded.rules[7].threshold == 0.625
    assert loaded.presets == model.presets
    assert set(loaded.weights) == set(model.weights)
    for name, array in model.weights.items():
        np.testing.assert_array_equal(loaded.weights[name], array)
        assert loaded.weights[name].dtype == array.dtype


def test_the_description_is_read_without_the_weights(model, path):
    rewrite(path, **{"weights/0000.npy": None})
    assert read_info(path) == json.loads(json.dumps(model.info()))


def test_a_preset_that_cannot_be_read_is_one_sentence(model, path):
    with zipfile.ZipFile(path) as archive:
        description = json.loads(archive.read("model.json"))
    description["presets"]["dark"]["7"]["threshold"] = 3
    rewrite(path, **{"model.json": json.dumps(description)})
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_model(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelFileError, match=r"no model file at .*lost\.garage"):
        load_model(tmp_path / "lost.garage")


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "text.garage").write_text("hello")
    with pytest.raises(ModelFileError, match="damaged or not a model"):
        load_model(tmp_path / "text.garage")
    with zipfile.ZipFile(tmp_path / "other.garage", "w") as archive:
        archive.writestr("model.json", "{}")
    with pytest.raises(ModelFileError, match="not a model of napari-garage-unet"):
        load_model(tmp_path / "other.garage")


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_damaged(path, keep):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(ModelFileError):
        load_model(path)


def test_flipped_bits_are_noticed(path):
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("weights/0000.npy")
    start = member.header_offset + 30 + len(member.filename)
    for at in range(start, start + member.compress_size, 7):
        damaged = data.copy()
        damaged[at] ^= 0xFF
        path.write_bytes(damaged)
        with pytest.raises(ModelFileError):
            load_model(path)


def test_pickled_arrays_are_never_opened(path, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    rewrite(path, **{"weights/0000.npy": pickle.dumps(Bomb())})
    with pytest.raises(ModelFileError, match="no array"):
        load_model(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"classes": [{"id": 0}]},
        {"classes": "many"},
        {"network": {"encoder": "magic"}},
        {"preprocess": {"unknown": 1}},
        {"n_channels": None},
        {"rules": {"7": {"threshold": 3}}},
    ],
)
def test_descriptions_that_make_no_sense_are_refused(model, path, change):
    with zipfile.ZipFile(path) as archive:
        description = json.loads(archive.read("model.json"))
    rewrite(path, **{"model.json": json.dumps({**description, **change})})
    with pytest.raises(ModelFileError):
        load_model(path)


def test_models_of_a_newer_version_ask_for_an_update(path):
    with zipfile.ZipFile(path) as archive:
        description = json.loads(archive.read("model.json"))
    rewrite(path, **{"model.json": json.dumps({**description, "version": 99})})
    with pytest.raises(ModelFileError, match="newer version"):
        load_model(path)


def test_a_folder_that_cannot_be_written_to_is_named(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        model.save(tmp_path / "file" / "x.garage")
    with pytest.raises(OutputError, match="cannot be written"):
        model.save(tmp_path / "absent" / "x.garage")


def test_a_failed_save_keeps_the_older_file(model, path, monkeypatch):
    before = path.read_bytes()

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", fail)
    with pytest.raises(OutputError) as caught:
        model.save(path)
    assert str(caught.value) == (
        f"The model cannot be written to {path} (No space left on device); "
        "choose a folder with space that you may write to."
    )
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_classes_can_be_renamed_before_saving(model, tmp_path):
    renamed = model.with_classes([ClassInfo(7, "tyre", "#112233"), ClassInfo(9, "key")])
    renamed.save(tmp_path / "renamed.garage")
    loaded = load_model(tmp_path / "renamed.garage")
    assert loaded.classes == (
        ClassInfo(1, "floor", background=True),
        ClassInfo(7, "tyre", "#112233"),
    )


def test_models_are_as_readable_as_other_files(model, tmp_path):
    model.save(tmp_path / "x.garage")
    (tmp_path / "plain").write_text("")
    modes = {p.name: p.stat().st_mode & 0o777 for p in tmp_path.iterdir()}
    assert modes["x.garage"] == modes["plain"]


def test_answers_about_held_out_strokes_come_back(model, path):
    for found in (load_model(path).held_out, read_held_out(path)):
        np.testing.assert_array_equal(found.levels, model.held_out.levels)
        np.testing.assert_array_equal(found.class_ids, [1, 7, 7])
        np.testing.assert_array_equal(found.strokes, [0, 1, 1])


def test_a_model_without_held_out_strokes_has_no_answers(model, tmp_path):
    dataclasses.replace(model, held_out=None).save(tmp_path / "few.garage")
    assert load_model(tmp_path / "few.garage").held_out is None
    assert read_held_out(tmp_path / "few.garage") is None


@pytest.mark.parametrize("damage", [None, b"no array", "short"])
def test_damaged_answers_are_one_sentence(path, damage):
    if damage == "short":
        buffer = io.BytesIO()
        np.save(buffer, np.array([1, 7], np.int32))
        damage = buffer.getvalue()
    rewrite(path, **{"held_out/class_ids.npy": damage})
    with pytest.raises(ModelFileError, match="held_out"):
        read_held_out(path)


def test_the_settings_of_a_decoder_are_named_in_the_file(model, tmp_path):
    rng = np.random.default_rng(1)
    decoder = DecoderState(
        smoothing_radius=7,
        guide=rng.random((5, 2)),
        class_proportions=[0.7, 0.3],
        projection=rng.random((5, 4)),
        ensemble_weights=[0.5, 0.5, 0],
        inverse_temperature=1.7,
        blend_weight=0.41,
    )
    dataclasses.replace(model, decoder=decoder).save(tmp_path / "x.garage")

    with zipfile.ZipFile(tmp_path / "x.garage") as archive:
        description = json.loads(archive.read("model.json"))
        names = archive.namelist()
    assert description["version"] == VERSION
    assert description["decoder"]["smoothing_radius"] == 7
    assert description["decoder"]["ensemble_weights"] == [0.5, 0.5, 0]
    assert {"decoder/guide.npy", "decoder/projection.npy"} <= set(names)
    loaded = load_model(tmp_path / "x.garage").decoder
    assert loaded.to_json() == decoder.to_json()
    for name, array in decoder.arrays().items():
        np.testing.assert_array_equal(loaded.arrays()[name], array)
    assert read_info(tmp_path / "x.garage") == json.loads(json.dumps(model.info()))


def test_settings_of_a_decoder_that_make_no_sense_are_refused(model, path):
    with zipfile.ZipFile(path) as archive:
        description = json.loads(archive.read("model.json"))
    for decoder in ({"smoothing_radius": 3}, {"unknown": 1}, "many"):
        changed = {**description, "decoder": decoder}
        rewrite(path, **{"model.json": json.dumps(changed)})
        with pytest.raises(ModelFileError):
            load_model(path)
