"""Models on disk: one zip archive of arrays and JSON.

``model.json`` describes the model, ``weights/*.npy`` are its arrays and
``held_out/*.npy`` what was said of held-out strokes. Nothing that is
read is ever executed: arrays are read with pickling off, and the network is built
from its settings by this package's own code.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError, ModelFileError, OutputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.labels.presets import presets_from_json
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.settings import from_json

from .held_out_predictions import HeldOutPredictions
from .model import Model

FORMAT = "napari-garage-unet model"
VERSION = 1
DESCRIPTION = "model.json"
WEIGHTS = "weights/"
HELD_OUT = "held_out/"


def save_model(model: Model, path: str | Path) -> None:
    """Write a model to one file, all or nothing.

    Parameters
    ----------
    model
        The model.
    path
        File to write; ``.garage`` is the usual suffix. An existing one is replaced
        only when the new one is complete.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    description = {"format": FORMAT, "version": VERSION, **model.info()}
    # The names of weights hold slashes and blanks, so files are numbered.
    names = sorted(model.weights)
    description["weights"] = names
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with (
            os.fdopen(handle, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            archive.writestr(DESCRIPTION, json.dumps(description, indent=1))
            arrays = {
                f"{WEIGHTS}{number:04d}": model.weights[name]
                for number, name in enumerate(names)
            }
            if model.held_out is not None:
                for f in dataclasses.fields(model.held_out):
                    arrays[HELD_OUT + f.name] = getattr(model.held_out, f.name)
            for name, array in arrays.items():
                buffer = io.BytesIO()
                np.save(buffer, array, allow_pickle=False)
                archive.writestr(f"{name}.npy", buffer.getvalue())
            archive.close()
            # A power cut must not leave a name without its contents.
            file.flush()
            os.fsync(file.fileno())
        # Temporary files are private; a model is to be as readable as any other file.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise OutputError(
            f"The model cannot be written to {path} ({error.strerror or error}); "
            "choose a folder that exists and that you may write to."
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def load_model(path: str | Path) -> Model:
    """Read a model.

    Parameters
    ----------
    path
        File that `save_model` has written.

    Returns
    -------
    Model
        Its network is built when it is first used.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, or not a model of this plugin.
    """
    with _Archive(path) as archive:
        description = archive.description()
        names = description.get("weights", [])
        weights = {
            name: archive.array(f"{WEIGHTS}{number:04d}.npy")
            for number, name in enumerate(names)
        }
        held_out = archive.held_out()
    try:
        return Model(
            classes=tuple(from_json(ClassInfo, c) for c in description["classes"]),
            preprocess=from_json(PreprocessConfig, description["preprocess"]),
            network=from_json(NetworkConfig, description["network"]),
            n_channels=int(description["n_channels"]),
            weights=weights,
            axes=str(description["axes"]),
            rules={
                int(i): ClassRule.from_json(r) for i, r in description["rules"].items()
            },
            provenance=description["provenance"],
            # Files of the first version have none.
            presets=presets_from_json(description.get("presets", {})),
            held_out=held_out,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # InputError is a ValueError and brings its own sentence.
        why = str(error) if isinstance(error, InputError) else f"{error!r} is wrong"
        raise ModelFileError(
            f"{path} describes its model in a way that cannot be read ({why})."
        ) from error


def read_info(path: str | Path) -> dict[str, Any]:
    """Read the description of a model without its weights.

    Returns
    -------
    dict
        What `Model.info` gives.

    Raises
    ------
    ModelFileError
        As for `load_model`.
    """
    with _Archive(path) as archive:
        description = archive.description()
    for key in ("format", "version", "weights"):
        description.pop(key, None)
    return description


def read_held_out(path: str | Path) -> HeldOutPredictions | None:
    """Read what was said of held-out strokes, without the rest of the model.

    Returns
    -------
    HeldOutPredictions or None
        None when none were held out.

    Raises
    ------
    ModelFileError
        As for `load_model`.
    """
    with _Archive(path) as archive:
        return archive.held_out()


class _Archive:
    """An open model file whose every failure is a `ModelFileError`."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __enter__(self) -> _Archive:
        if not self.path.is_file():
            raise ModelFileError(f"There is no model file at {self.path}.")
        try:
            self._zip = zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, OSError) as error:
            raise self._damaged("it is no model archive") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def description(self) -> dict[str, Any]:
        try:
            description = json.loads(self._read(DESCRIPTION))
        except ValueError as error:
            raise self._damaged("its description is no JSON") from error
        if not isinstance(description, dict) or description.get("format") != FORMAT:
            raise ModelFileError(
                f"{self.path} is not a model of napari-garage-unet; "
                "choose a file that was saved by it."
            )
        if description.get("version", 0) > VERSION:
            raise ModelFileError(
                f"{self.path} was saved by a newer version of napari-garage-unet; "
                "update the plugin."
            )
        return description

    def array(self, name: str) -> NDArray[Any]:
        try:
            array: NDArray[Any] = np.load(
                io.BytesIO(self._read(name)), allow_pickle=False
            )
        except (ValueError, EOFError, OSError) as error:
            raise self._damaged(f"{name} is no array") from error
        return array

    def held_out(self) -> HeldOutPredictions | None:
        if not any(name.startswith(HELD_OUT) for name in self._zip.namelist()):
            return None
        names = [f.name for f in dataclasses.fields(HeldOutPredictions)]
        arrays = {name: self.array(f"{HELD_OUT}{name}.npy") for name in names}
        try:
            return HeldOutPredictions(**arrays)
        except (ValueError, AttributeError) as error:
            raise self._damaged(f"{HELD_OUT} does not fit together") from error

    def _read(self, name: str) -> bytes:
        try:
            return self._zip.read(name)
        except (KeyError, zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
            raise self._damaged(f"{name} is missing or incomplete") from error

    def _damaged(self, why: str) -> ModelFileError:
        return ModelFileError(
            f"{self.path} is damaged or not a model ({why}); "
            "use another copy of the file or train again."
        )
