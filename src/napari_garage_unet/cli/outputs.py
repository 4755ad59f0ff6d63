"""Paths of results, found and checked before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from napari_garage_unet.engine.errors import InputError, OutputError
from napari_garage_unet.engine.files.kinds import (
    KIND_BY_SUFFIX,
    FileKind,
    writable_kind,
)
from napari_garage_unet.engine.files.reports import make_folder
from napari_garage_unet.engine.images.image import Image

from .result_names import distinct_stems, stem

SEGMENTATION, PROBABILITIES, OBJECTS = "segmentation", "probabilities", "objects"
"""Last words of the names of results."""


def check_output(path: Path, *, inputs: Iterable[Path] = ()) -> None:
    """Check that a result can be written.

    Parameters
    ----------
    path
        File or OME-Zarr folder to write.
    inputs
        Files that are read and must not be overwritten.

    Raises
    ------
    OutputError
        If the path is an input, a folder of another kind, in a folder that does not
        exist, or without permission to write.
    """
    for kept in inputs:
        if path.resolve() == kept.resolve():
            raise OutputError(
                f"{path} is one of the inputs and would be overwritten; "
                "choose another name for the result."
            )
    if not path.parent.is_dir():
        raise OutputError(
            f"{path} cannot be written because {path.parent} is not a folder; "
            "choose a folder that exists."
        )
    if path.is_dir() and path.suffix.lower() != ".zarr":
        raise OutputError(f"{path} is a folder; give the name of a file in it.")
    target = path if path.exists() else path.parent
    if not os.access(target, os.W_OK):
        raise OutputError(f"You may not write to {path}; choose another place.")


def segmentation_paths(inputs: Sequence[Path], out: Path) -> list[Path]:
    """Return the path of the segmentation of each input, and create their folder.

    Parameters
    ----------
    inputs
        Files of images.
    out
        File for a single input if it has a suffix of `KIND_BY_SUFFIX`; otherwise a
        folder, which is created if it does not exist.

    Returns
    -------
    list of Path
        `out`, or ``NAME_segmentation.tif`` in the folder for an input ``NAME.png``; see
        `distinct_stems` for inputs that are called alike.

    Raises
    ------
    InputError
        If there are several inputs for one file, or one is given twice.
    OutputError
        If a result cannot be written, see `check_output`, or not as that kind of file.
    """
    kind = KIND_BY_SUFFIX.get(out.suffix.lower())
    is_file = kind is not None and (not out.is_dir() or kind == FileKind.ZARR)
    if is_file:
        if len(inputs) > 1:
            raise InputError(
                f"{out} is one file but there are {len(inputs)} images; give a folder."
            )
        writable_kind(out)
        paths = [out]
    else:
        make_folder(out)
        check_given_once(inputs)
        paths = [out / f"{name}_{SEGMENTATION}.tif" for name in distinct_stems(inputs)]
    check_distinct(paths)
    for path in paths:
        check_output(path, inputs=inputs)
    return paths


def check_given_once(inputs: Sequence[Path]) -> None:
    """Raise `InputError` if a file is given twice."""
    seen: set[Path] = set()
    for path in inputs:
        if path.resolve() in seen:
            raise InputError(
                f"{path} is given twice, and {stem(path)}_{SEGMENTATION}.tif would be "
                "written twice; give each image once."
            )
        seen.add(path.resolve())


def check_distinct(outputs: Iterable[Path]) -> None:
    """Raise `InputError` if two results would be the same file."""
    seen: set[str] = set()
    for path in outputs:
        # Some systems do not tell A.tif from a.tif.
        name = str(path.resolve()).casefold()
        if name in seen:
            raise InputError(
                f"Two results would be called {path}; give them different names, or "
                "write them to different folders."
            )
        seen.add(name)


def probabilities_path(segmentation: Path) -> Path:
    """Return the path of the probabilities beside a segmentation."""
    return _beside(segmentation, PROBABILITIES)


def objects_path(segmentation: Path) -> Path:
    """Return the path of the objects beside a segmentation."""
    return _beside(segmentation, OBJECTS)


def _beside(segmentation: Path, what: str) -> Path:
    name = stem(segmentation).removesuffix(f"_{SEGMENTATION}")
    return segmentation.with_name(f"{name}_{what}.tif")


def describe_image(image: Image) -> dict[str, Any]:
    """Return name, shape and axes of an image, and what its file holds besides."""
    return {
        "image": image.name,
        "shape": [int(n) for n in image.data.shape],
        "axes": image.axes,
        "notes": list(image.notes),
    }
