"""What a project folder says about itself: ``project.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_garage_unet.engine.errors import InputError

from .safe_files import read_json, write_json

FORMAT = "napari-garage-unet project"
VERSION = 1


@dataclass(frozen=True, slots=True)
class SavedImage:
    """An image and where its strokes lie.

    Parameters
    ----------
    name
        Of its layer.
    shape, dtype
        Of its pixels.
    source
        The file it was opened from; empty if it is not known.
    fingerprint
        Tells it from other images, see the session's ``fingerprint``.
    strokes
        Name of the folder of its strokes within the project.
    strokes_shape, strokes_dtype
        Of its strokes.
    layer
        Name of the strokes layer.
    learns
        Whether training uses its strokes.
    painted
        When they were last painted, seconds since 1970.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    source: str
    fingerprint: str
    strokes: str
    strokes_shape: tuple[int, ...]
    strokes_dtype: str
    layer: str
    learns: bool
    painted: float


@dataclass(frozen=True, slots=True)
class SavedVersion:
    """A rest point of training that can be gone back to.

    Parameters
    ----------
    id
        Its files are called so.
    number
        What people call it, from 1.
    time
        When it was made, seconds since 1970.
    steps, seconds
        How long was learnt, in all trainings that led to it.
    accuracy
        Share of held-out stroke pixels that are right; None without a check.
    settings
        JSON form of the preprocessing and the network that were asked for, None
        where the engine chose.
    classes
        JSON form of the classes it tells apart.
    """

    id: str
    number: int
    time: float
    steps: int
    seconds: float
    accuracy: float | None
    settings: dict[str, Any]
    classes: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class SavedProject:
    """All of a project but the pixels and weights.

    Parameters
    ----------
    images, versions
        What there is.
    classes
        JSON form of the session's classes.
    settings
        JSON form of what people have set.
    rules
        JSON form of the thresholds of the live model by class id.
    presets
        JSON form of its presets, by name.
    current
        Id of the version the live model is, or empty.
    """

    images: tuple[SavedImage, ...] = ()
    versions: tuple[SavedVersion, ...] = ()
    classes: tuple[dict[str, Any], ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    current: str = ""
    presets: dict[str, Any] = field(default_factory=dict)


def write_project(path: Path, project: SavedProject) -> None:
    """Write a description, all or nothing.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    write_json(path, {"format": FORMAT, "version": VERSION, **asdict(project)})


def read_project(path: Path) -> SavedProject:
    """Read a description.

    Raises
    ------
    InputError
        If it is missing, damaged or of a newer version.
    """
    values = read_json(path)
    if values.pop("format", None) != FORMAT:
        raise InputError(f"{path} does not describe a project of napari-garage-unet.")
    if values.pop("version", None) != VERSION:
        raise InputError(f"{path} was saved by another version; update the plugin.")
    try:
        project = SavedProject(
            images=tuple(_image(entry) for entry in values["images"]),
            versions=tuple(_version(entry) for entry in values["versions"]),
            classes=tuple(dict(entry) for entry in values["classes"]),
            settings=dict(values["settings"]),
            rules=dict(values["rules"]),
            current=str(values["current"]),
            presets=dict(values.get("presets", {})),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error!r}).") from error
    return project


def _image(values: Mapping[str, Any]) -> SavedImage:
    return SavedImage(
        name=str(values["name"]),
        shape=tuple(int(n) for n in values["shape"]),
        dtype=str(values["dtype"]),
        source=str(values["source"]),
        fingerprint=str(values["fingerprint"]),
        strokes=_plain_name(values["strokes"]),
        strokes_shape=tuple(int(n) for n in values["strokes_shape"]),
        strokes_dtype=_integer_type(values["strokes_dtype"]),
        layer=str(values["layer"]),
        learns=bool(values["learns"]),
        painted=float(values["painted"]),
    )


def _version(values: Mapping[str, Any]) -> SavedVersion:
    accuracy = values["accuracy"]
    return SavedVersion(
        id=_plain_name(values["id"]),
        number=int(values["number"]),
        time=float(values["time"]),
        steps=int(values["steps"]),
        seconds=float(values["seconds"]),
        accuracy=None if accuracy is None else float(accuracy),
        settings=dict(values["settings"]),
        classes=tuple(dict(entry) for entry in values["classes"]),
    )


def _integer_type(value: Any) -> str:
    dtype = np.dtype(str(value))
    if not np.issubdtype(dtype, np.integer):
        raise ValueError(f"strokes of type {dtype}")
    return str(dtype)


def _plain_name(value: Any) -> str:
    """A name that stays within the project's folder."""
    name = str(value)
    if not name or not name.replace("-", "").isalnum():
        raise ValueError(f"{name!r} is no name of a file of a project")
    return name
