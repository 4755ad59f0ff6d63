"""Reads what a saved project holds, without touching the session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.models.loading import read_info
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.settings import from_json
from napari_garage_unet.project.description import SavedVersion
from napari_garage_unet.project.folders import ProjectFolder
from napari_garage_unet.project.tiles import read_tiles
from napari_garage_unet.session.training.settings import Settings

from .recoverable import RecoverableProject


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read of a saved project.

    Parameters
    ----------
    strokes
        Strokes of each image that is open, of its spatial shape.
    pictures
        PNG files by version id.
    damaged
        Number of tiles of strokes that could not be read.
    """

    strokes: tuple[NDArray[Any], ...]
    pictures: dict[str, bytes]
    damaged: int


def load(folder: ProjectFolder, recoverable: RecoverableProject) -> Loaded:
    """Read strokes and pictures of a saved project; thread-safe."""
    strokes, damaged = [], 0
    for match in recoverable.matches:
        saved = match.saved
        array, wrong = read_tiles(
            folder.strokes(saved.strokes), saved.strokes_shape, saved.strokes_dtype
        )
        strokes.append(array)
        damaged += wrong
    pictures = {}
    for version in recoverable.project.versions:
        path = folder.versions / f"{version.id}.png"
        if path.is_file():
            pictures[version.id] = path.read_bytes()
    return Loaded(tuple(strokes), pictures, damaged)


def settings_from_json(values: dict[str, Any]) -> Settings:
    """Return the settings that a project was saved with.

    Raises
    ------
    InputError
        If they were saved by another version of the plugin.
    """
    preprocess, network = values.get("preprocess"), values.get("network")
    return Settings(
        preprocess=from_json(PreprocessConfig, preprocess) if preprocess else None,
        network=from_json(NetworkConfig, network) if network else None,
        training=from_json(TrainingConfig, values.get("training", {})),
    )


def checkpoint_version(path: Path, settings: dict[str, Any]) -> SavedVersion:
    """Describe the checkpoint of a session that was killed while a model was trained.

    Parameters
    ----------
    path
        The checkpoint, a model file.
    settings
        The settings of the project.
    """
    info = read_info(path)
    provenance = info.get("provenance", {})
    return SavedVersion(
        id="checkpoint",
        number=0,
        time=0.0,
        steps=int(provenance.get("steps", 1)),
        seconds=float(provenance.get("seconds", 0.0)),
        accuracy=provenance.get("accuracy"),
        settings={key: settings.get(key) for key in ("preprocess", "network")},
        classes=tuple(info.get("classes", ())),
    )
