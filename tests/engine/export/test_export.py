"""Exported models compute what the model itself computes."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import zipfile

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.compute.backend import seeded_weights
from napari_garage_unet.engine.errors import EngineError, InputError, OutputError
from napari_garage_unet.engine.export.export import export_model
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.preprocess import preprocess
from napari_garage_unet.engine.inference.contrast import measure_contrast, planes_of
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

pytest.importorskip("tf2onnx")
pytest.importorskip("onnxruntime")

# bioimageio.spec leaves the files it packs to the garbage collector.
leaves_files_open = pytest.mark.filterwarnings(
    "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"
)

CLASSES = (ClassInfo(1, "wall", background=True), ClassInfo(4, "a wheel"))


def make_model(config, n_channels, **preprocessing):
    """A model whose weights are drawn, batch statistics included."""
    with seeded_weights(0):
        network = build_network(config, n_channels, len(CLASSES))
    decoder = network.state().decoder
    rng = np.random.default_rng(3)
    weights = {
        name: np.abs(array + rng.normal(0, 0.05, array.shape)).astype(np.float32)
        if "variance" in name
        else (array + rng.normal(0, 0.05, array.shape)).astype(np.float32)
        for name, array in network.weights().items()
    }
    return Model(
        classes=CLASSES,
        preprocess=PreprocessConfig(**preprocessing),
        network=config,
        n_channels=n_channels,
        weights=weights,
        decoder=decoder and dataclasses.replace(decoder, blend_weight=0.4),
        axes="yxc" if n_channels > 1 else "yx",
        provenance={"steps": 3, "seconds": 1.0, "validated": False, "images": ["a"]},
    )


@pytest.fixture(scope="module")
def plain():
    return make_model(NetworkConfig(encoder="plain", width=4, depth=2), 3, gamma=2.0)


@pytest.fixture(scope="module")
def onnx_file(plain, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    export_model(plain, path)
    return path


def photograph(shape=(96, 64, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def run_onnx(data, planes):
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {"image": planes})[0]


def test_onnx_gives_the_probabilities_of_the_model(plain, onnx_file):
    for shape in ((96, 64, 3), (32, 128, 3)):
        image = photograph(shape)
        pixels = preprocess(image, plain.preprocess).transpose(2, 0, 1)[np.newaxis]
        found = run_onnx(onnx_file.read_bytes(), pixels)
        np.testing.assert_allclose(found[0], plain.predict_proba(image), atol=1e-4)


@pytest.mark.parametrize("n_channels", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_onnx_of_the_pretrained_network_holds_all_its_features(n_channels, tmp_path):
    model = make_model(NetworkConfig(), n_channels)
    path = tmp_path / "model.onnx"
    export_model(model, path)
    image = photograph((80, 112, n_channels))
    image[20:50, 30:80] //= 3
    pixels = preprocess(image, model.preprocess).transpose(2, 0, 1)[np.newaxis]
    expected = model.predict_proba(Image(image, "yxc"))
    assert expected.std() > 0.02
    np.testing.assert_allclose(
        run_onnx(path.read_bytes(), pixels)[0], expected, atol=1e-4
    )


def in_fixed_contrast(model, pixels):
    """The same model with the contrast of some planes."""
    config = dataclasses.replace(model.preprocess, contrast="training")
    image = Image(pixels, "zyxc")
    network = model.predictor.network
    contrast = measure_contrast(planes_of([image]), config, network)
    return dataclasses.replace(model, preprocess=config, contrast=contrast)


@pytest.mark.parametrize(
    "network", [pytest.param(NetworkConfig(), marks=pytest.mark.slow), None]
)
def test_onnx_has_the_contrast_of_training(network, plain, tmp_path):
    model = plain if network is None else make_model(network, 3)
    bright = photograph((2, 80, 112, 3))
    model = in_fixed_contrast(model, bright)
    path = tmp_path / "model.onnx"
    export_model(model, path)
    dim = bright[0] // 4
    fixed = model.contrast.range
    pixels = preprocess(dim, model.preprocess, contrast=fixed)
    found = run_onnx(path.read_bytes(), pixels.transpose(2, 0, 1)[np.newaxis])[0]
    np.testing.assert_allclose(found, model.predict_proba(dim), atol=2e-4)
    with pytest.raises(InputError, match="contrast from whole stacks"):
        export_model(model.with_contrast("stack"), path)


@leaves_files_open
def test_package_has_the_contrast_of_training(plain, tmp_path):
    spec = pytest.importorskip("bioimageio.spec")
    path = tmp_path / "model.zip"
    model = dataclasses.replace(plain, preprocess=PreprocessConfig())
    model = in_fixed_contrast(model, photograph((2, 80, 112, 3)))
    export_model(model, path, to="bioimageio")
    with spec.ValidationContext(log_warnings=False, perform_io_checks=True):
        described = spec.load_model_description(path)
    step = described.inputs[0].preprocessing[1]
    assert step.id == "scale_linear"
    image = photograph((96, 64, 3), seed=1)
    scaled = image * np.array(step.kwargs.gain) + np.array(step.kwargs.offset)
    expected = preprocess(image, model.preprocess, contrast=model.contrast.range)
    np.testing.assert_allclose(scaled.clip(0, 1), expected, atol=1e-5)


def test_onnx_computes_several_planes_at_once(onnx_file):
    planes = np.random.default_rng(1).random((3, 3, 32, 32), np.float32)
    together = run_onnx(onnx_file.read_bytes(), planes)
    alone = [run_onnx(onnx_file.read_bytes(), plane[np.newaxis])[0] for plane in planes]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-3


def test_onnx_file_says_how_to_use_it(onnx_file):
    import onnx

    properties = {p.key: p.value for p in onnx.load(onnx_file).metadata_props}
    told = json.loads(properties["napari-garage-unet"])
    assert told["output"]["class_ids"] == [1, 4]
    assert told["classes"][1]["name"] == "a wheel"
    assert told["input"]["multiple_of"] == 4
    assert told["input"]["preprocessing"][-2:] == [
        "clip to 0 and 1",
        "raise to the power 2.0",
    ]


@leaves_files_open
def test_package_is_valid_and_its_test_result_is_right(plain, tmp_path):
    spec = pytest.importorskip("bioimageio.spec")
    path = tmp_path / "model.zip"
    model = dataclasses.replace(plain, preprocess=PreprocessConfig())
    export_model(model, path, to="bioimageio", author="Ada", license="CC0-1.0")
    with spec.ValidationContext(log_warnings=False, perform_io_checks=True):
        described = spec.load_model_description(path)
    assert described.validation_summary.status in ("valid-format", "passed")
    assert described.license == "CC0-1.0"
    assert [author.name for author in described.authors] == ["Ada"]
    assert described.cite[0].doi == "10.1007/978-3-319-24574-4_28"
    assert described.outputs[0].axes[1].channel_names == ["wall", "a_wheel"]
    assert described.config.model_extra["napari-garage-unet"]["classes"][1]["id"] == 4
    with zipfile.ZipFile(path) as archive:
        given = np.load(archive.open("test_input.npy"))
        expected = np.load(archive.open("test_output.npy"))
        weights = archive.read("weights.onnx")
    steps = {step.id: step.kwargs for step in described.inputs[0].preprocessing}
    scale = steps["scale_range"]
    assert list(scale.axes) == ["y", "x"]
    low, high = np.percentile(
        given,
        (scale.min_percentile, scale.max_percentile),
        axis=(2, 3),
        keepdims=True,
    )
    scaled = np.clip((given - low) / (high - low + scale.eps), 0, 1)
    found = run_onnx(weights, scaled.astype(np.float32))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    image = np.moveaxis(given[0], 0, -1)
    np.testing.assert_allclose(model.predict_proba(image), expected[0], atol=1e-4)


@leaves_files_open
@pytest.mark.parametrize(
    ("config", "smallest", "step", "halo"),
    [
        (NetworkConfig(encoder="plain", width=4, depth=2), 60, 4, 28),
        pytest.param(NetworkConfig(), 64, 16, None, marks=pytest.mark.slow),
    ],
)
def test_package_invites_no_tiles_that_the_network_does_not_bear(
    config, smallest, step, halo, tmp_path
):
    spec = pytest.importorskip("bioimageio.spec")
    path = tmp_path / "model.zip"
    export_model(make_model(config, 1), path, to="bioimageio")
    with spec.ValidationContext(log_warnings=False):
        described = spec.load_model_description(path)
    for axis in described.inputs[0].axes[2:]:
        assert (axis.size.min, axis.size.step) == (smallest, step)
    for axis in described.outputs[0].axes[2:]:
        assert getattr(axis, "halo", None) == halo
    readme = zipfile.Path(path) / "README.md"
    said = "Give it whole planes, not tiles" if halo is None else "Tiles need a halo"
    assert said in readme.read_text(encoding="utf-8")


@leaves_files_open
def test_sample_becomes_the_test_image_of_the_package(plain, tmp_path):
    pytest.importorskip("bioimageio.spec")
    sample = Image(photograph((90, 130, 3)), "yxc", name="photograph")
    model = dataclasses.replace(plain, preprocess=PreprocessConfig())
    export_model(model, tmp_path / "m.zip", to="bioimageio", sample=sample)
    with zipfile.ZipFile(tmp_path / "m.zip") as archive:
        given = np.load(archive.open("test_input.npy"))
    height, width = given.shape[2:]
    expected = sample.data[:height, :width].transpose(2, 0, 1)
    assert height >= 60
    assert width >= 120
    np.testing.assert_array_equal(given[0], expected)


def test_package_refuses_preprocessing_it_cannot_describe(plain, tmp_path):
    pytest.importorskip("bioimageio.spec")
    with pytest.raises(InputError, match="gamma"):
        export_model(plain, tmp_path / "model.zip", to="bioimageio")
    assert list(tmp_path.iterdir()) == []


@leaves_files_open
def test_package_refuses_an_unknown_licence(plain, tmp_path):
    pytest.importorskip("bioimageio.spec")
    model = dataclasses.replace(plain, preprocess=PreprocessConfig())
    with pytest.raises(InputError, match="license"):
        export_model(model, tmp_path / "m.zip", to="bioimageio", license="mine")
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named_with_the_way_to_install(
    plain, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(EngineError, match=r"tf2onnx.*pip install .*\[export\]"):
        export_model(plain, tmp_path / "model.onnx")


def test_a_full_disk_is_named_and_the_older_file_stays(plain, tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_text("older")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as caught:
        export_model(plain, path)
    assert str(caught.value) == (
        f"The model cannot be written to {path} (No space left on device); "
        "choose a folder with space that you may write to."
    )
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_unwritable_place_and_unknown_format_are_refused(plain, tmp_path):
    with pytest.raises(OutputError, match="nowhere"):
        export_model(plain, tmp_path / "nowhere" / "model.onnx")
    with pytest.raises(InputError, match="tflite"):
        export_model(plain, tmp_path / "model.tflite", to="tflite")
