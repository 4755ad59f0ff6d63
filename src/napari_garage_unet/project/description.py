"""Description of a project, ``project.json``: everything but pixels and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_garage_unet.engine.errors import InputError

from .safe_files import read_json, write_json

FORMAT = "napari-garage-unet project"
"""Value of the key ``format`` in the file."""

VERSION = 1
"""Version of the format that is written and read."""


@dataclass(frozen=True, slots=True)
class SavedImage:
    """An image of a project and the place of its strokes.

    Parameters
    ----------
    name
        Name of the image layer.
    shape, dtype
        Shape and dtype of the layer's data.
    source
        File of the image; empty if it is unknown.
    fingerprint
        Hash by which the session recognises the image.
    strokes
        Name of the folder of the strokes in the project folder.
    strokes_shape, strokes_dtype
        Shape and integer dtype of the strokes.
    layer
        Name of the strokes layer.
    learns
        Whether training uses the strokes.
    painted
        Time of the last change of the strokes, in seconds since 1970.
    axes
        What the axes of the layer were, a letter of ``"tzyxc"`` per axis; empty in
        projects that were saved before axes were.
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
    axes: str = ""


@dataclass(frozen=True, slots=True)
class SavedVersion:
    """A version of the live model that can be restored.

    Parameters
    ----------
    id
        Name of its files, without suffix.
    number
        Number in the list of versions, from 1.
    time
        Time at which it was kept, in seconds since 1970.
    steps, seconds
        Duration of all trainings that led to it, in steps and in seconds.
    accuracy
        Share of held-out stroke pixels with the right label, in [0, 1]; None without a
        validation.
    settings
        JSON form of the preprocessing and the network that were set; None in place of
        those that the engine chose.
    classes
        JSON form of its classes.
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
    """Contents of ``project.json``.

    Parameters
    ----------
    images, versions
        Images with strokes, and versions of the live model.
    classes
        JSON form of the session's classes.
    settings
        JSON form of the session's settings.
    rules
        JSON form of the live model's rules by class id.
    current
        Id of the version that is the live model; empty if there is none.
    presets
        JSON form of the live model's presets by name.
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

    Parameters
    ----------
    path
        File to write or to replace.
    project
        The description.

    Raises
    ------
    OutputError
        If the file cannot be written; an older one is kept.
    """
    write_json(path, {"format": FORMAT, "version": VERSION, **asdict(project)})


def read_project(path: Path) -> SavedProject:
    """Read a description.

    Parameters
    ----------
    path
        File that `write_project` wrote.

    Returns
    -------
    SavedProject

    Raises
    ------
    InputError
        If the file is missing, damaged or of another version.
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
        axes=str(values.get("axes", "")),
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
    """Return the name of an integer dtype; raise `ValueError` for other values."""
    dtype = np.dtype(str(value))
    if not np.issubdtype(dtype, np.integer):
        raise ValueError(f"strokes of type {dtype}")
    return str(dtype)


def _plain_name(value: Any) -> str:
    """Return a name of letters, digits and hyphens, or raise `ValueError`.

    Such a name cannot lead out of the project folder.
    """
    name = str(value)
    if not name or not name.replace("-", "").isalnum():
        raise ValueError(f"{name!r} is no name of a file of a project")
    return name
