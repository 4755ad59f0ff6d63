"""Which module may load what: the viewer never loads TensorFlow, the engine no Qt."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

HEAVY = {"tensorflow", "keras"}
WINDOWS = {"qtpy", "napari", "PyQt5", "PyQt6", "PySide6", "superqt", "magicgui"}


def loaded_after(code: str) -> set[str]:
    """Top-level modules a fresh Python has loaded after running some code."""
    code += (
        "\nimport sys; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def manifest_names() -> list[str]:
    from importlib.resources import files

    text = (files("napari_garage_unet") / "napari.yaml").read_text(encoding="utf-8")
    commands = yaml.safe_load(text)["contributions"]["commands"]
    return [command["python_name"] for command in commands]


def test_importing_the_package_loads_almost_nothing():
    loaded = loaded_after("import napari_garage_unet")
    assert not loaded & (HEAVY | WINDOWS | {"numpy", "skimage"})


@pytest.mark.parametrize("name", manifest_names())
def test_commands_of_the_manifest_load_no_tensorflow(name):
    module, attribute = name.split(":")
    assert not loaded_after(f"from {module} import {attribute}") & HEAVY


def test_session_and_layers_load_no_qt_and_no_tensorflow():
    loaded = loaded_after(
        "import napari_garage_unet.session\n"
        "import napari_garage_unet.layers.matching\n"
        "import napari_garage_unet.layers.view"
    )
    assert "napari" in loaded
    assert not loaded & (HEAVY | {"qtpy", "PyQt6", "PySide6", "superqt"})


def test_what_lies_on_disk_is_read_without_qt_napari_or_tensorflow():
    loaded = loaded_after(
        "import napari_garage_unet.project.description\n"
        "import napari_garage_unet.project.folders\n"
        "import napari_garage_unet.project.tiles"
    )
    assert not loaded & (HEAVY | WINDOWS)


def test_the_viewers_half_of_the_process_wall_loads_no_qt_napari_or_tensorflow():
    loaded = loaded_after("import napari_garage_unet.process.client.client")
    assert not loaded & (HEAVY | WINDOWS)


@pytest.mark.parametrize(
    "modules",
    [
        "engine, engine.settings, engine.images.image, engine.images.preprocess",
        "engine.annotations.strokes, engine.files.reading, engine.labels.assign",
        "engine.labels.clean_up, engine.labels.live, engine.models.model",
        "engine.models.loading, samples, cli",
    ],
)
def test_the_light_half_of_the_engine_loads_no_tensorflow_qt_or_napari(modules):
    names = ", ".join(
        f"napari_garage_unet.{name.strip()}" for name in modules.split(",")
    )
    assert not loaded_after(f"import {names}") & (HEAVY | WINDOWS)


def test_the_heavy_half_of_the_engine_loads_no_qt_or_napari():
    loaded = loaded_after("import napari_garage_unet.engine.learning.training")
    assert "tensorflow" in loaded
    assert not loaded & WINDOWS
