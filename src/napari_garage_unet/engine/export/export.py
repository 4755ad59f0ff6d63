"""Export of models to the formats of other programs: ONNX and bioimage.io."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import Literal, get_args

from napari_garage_unet.engine.errors import EngineError, InputError, OutputError
from napari_garage_unet.engine.files.atomic import write_whole
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.models.model import Model

ExportFormat = Literal["onnx", "bioimageio"]

PACKAGES: dict[ExportFormat, tuple[str, ...]] = {
    "onnx": ("onnx", "tf2onnx"),
    "bioimageio": ("onnx", "tf2onnx", "bioimageio.spec"),
}
"""Packages that each format needs."""


def export_model(
    model: Model,
    path: str | Path,
    *,
    to: ExportFormat = "onnx",
    sample: Image | None = None,
    name: str = "",
    author: str = "",
    license: str = "CC-BY-4.0",
) -> None:
    """Write a model in a format that other programs run.

    Parameters
    ----------
    model
        The model.
    path
        File to write, ``.onnx`` or ``.zip`` as a rule; replaced only by a complete one.
    to
        ``"onnx"``: the network from preprocessed planes ``(batch, channel, y, x)``,
        float32, to probabilities ``(batch, class, y, x)``, float32. Preprocessing and
        classes stand in the file's metadata as JSON. ``"bioimageio"``: a package of
        the BioImage Model Zoo with those weights, the preprocessing of the pixels and
        a test image with its result.
    sample
        Image whose first plane becomes the test image of a bioimage.io package; by
        default a made-up one.
    name, author, license
        For bioimage.io: what the model is called, who made it, and the SPDX
        identifier of the licence under which it is given away.

    Raises
    ------
    EngineError
        If the packages for exporting are not installed.
    InputError
        If the format is unknown, or cannot express the model.
    OutputError
        If the file cannot be written.
    """
    if to not in get_args(ExportFormat):
        raise InputError(
            f"A model cannot be exported to '{to}'; choose onnx or bioimageio."
        )
    check_packages(to)
    from napari_garage_unet.engine.compute.devices import Devices, use_devices

    # A copy, so that nothing in it has been built for a GPU in half precision.
    model = dataclasses.replace(model)
    path = Path(path)
    if not path.parent.is_dir() or path.is_dir():
        raise OutputError(
            f"The model cannot be written to {path}; give the name of a file in a "
            "folder that exists."
        )

    def write(target: Path) -> None:
        if to == "onnx":
            from .onnx import write_onnx

            write_onnx(model, target)
        else:
            from .bioimageio import write_package

            write_package(
                model, target, sample=sample, name=name, author=author, license=license
            )

    with use_devices(Devices()):
        write_whole(path, write, what="The model")


def check_packages(to: ExportFormat) -> None:
    """Raise `EngineError` unless what a format needs is installed."""
    for package in PACKAGES[to]:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise EngineError(
                f"Exporting to {to} needs the package {package}, which is not "
                'installed; run: pip install "napari-garage-unet[export]"'
            ) from error
