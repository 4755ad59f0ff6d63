"""The model file as a zip archive of arrays and JSON.

``model.json`` describes the model; every other member is a NumPy array ``NAME.npy``.
Reading executes nothing: arrays are read with pickling off, and the rest is JSON. What
the entries mean is known to `model` (writing) and `loading` (reading).
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import ModelFileError
from napari_garage_unet.engine.files.atomic import write_whole

FORMAT = "napari-garage-unet model"

VERSION = 2
"""Version that is written; another one needs a step in `upgrade.UPGRADES`."""

DESCRIPTION = "model.json"

WEIGHTS = "weights/"
"""Before the numbers of the trained weights, in the order of the names in the
description: the names hold slashes and blanks."""

DECODER = "decoder/"
"""Before the names of the arrays of `DecoderState`."""

CONTRAST = "contrast/"
"""Before the names of the arrays of `FixedContrast`."""

HELD_OUT = "held_out/"
"""Before the names of the arrays of `HeldOutPredictions`."""


def weight_member(number: int) -> str:
    """Return the name of the array of a trained weight."""
    return f"{WEIGHTS}{number:04d}"


def write_archive(
    path: str | Path,
    description: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
) -> None:
    """Write a model file, all or nothing.

    Parameters
    ----------
    path
        File to write; ``.garage`` is the usual suffix. An existing one is replaced only
        when the new one is complete.
    description
        JSON values; format and version are added.
    arrays
        Arrays by the name of their member, without ``.npy``.

    Raises
    ------
    OutputError
        If the file cannot be written; an older file of that name is kept.
    """
    content = {"format": FORMAT, "version": VERSION, **description}

    def write(file: Path) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(DESCRIPTION, json.dumps(content, indent=1))
            for name, array in arrays.items():
                buffer = io.BytesIO()
                np.save(buffer, array, allow_pickle=False)
                archive.writestr(f"{name}.npy", buffer.getvalue())

    write_whole(path, write, what="The model")


class ModelArchive:
    """A model file that is open for reading; a context manager.

    Parameters
    ----------
    path
        File that `write_archive` has written, of this version or an earlier one.

    Raises
    ------
    ModelFileError
        On entering and from every method, if the file is missing, damaged or not a
        model of this package.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __enter__(self) -> ModelArchive:
        if not self.path.is_file():
            raise ModelFileError(f"There is no model file at {self.path}.")
        try:
            self._zip = zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, OSError) as error:
            raise self.damaged("it is no model archive") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def description(self) -> dict[str, Any]:
        """Read the JSON as it was written, format and version included."""
        try:
            description = json.loads(self._read(DESCRIPTION))
        except ValueError as error:
            raise self.damaged("its description is no JSON") from error
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

    def arrays(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """Read the arrays whose names begin with `prefix`, by name without ``.npy``."""
        return {
            name.removesuffix(".npy"): self._array(name)
            for name in self._zip.namelist()
            if name.startswith(prefix) and name.endswith(".npy")
        }

    def damaged(self, why: str) -> ModelFileError:
        """Return the error for contents that cannot be what was written."""
        return ModelFileError(
            f"{self.path} is damaged or not a model ({why}); "
            "use another copy of the file or train again."
        )

    def _array(self, name: str) -> NDArray[Any]:
        try:
            array: NDArray[Any] = np.load(
                io.BytesIO(self._read(name)), allow_pickle=False
            )
        except (ValueError, EOFError, OSError) as error:
            raise self.damaged(f"{name} is no array") from error
        return array

    def _read(self, name: str) -> bytes:
        try:
            return self._zip.read(name)
        except (KeyError, zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
            raise self.damaged(f"{name} is missing or incomplete") from error
