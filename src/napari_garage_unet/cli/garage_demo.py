"""Demonstration without napari: train on the garage photograph, segment, score."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet import __version__, samples
from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.files.atomic import write_whole
from napari_garage_unet.engine.files.reports import make_folder
from napari_garage_unet.engine.learning.config import TrainingConfig

if TYPE_CHECKING:
    from napari_garage_unet.engine.learning.events import TrainingStep

OVERLAY_OPACITY = 0.55
"""Weight of a class's colour over the photograph, in [0, 1]."""


def run_demo(
    folder: str | Path,
    *,
    seconds: float = 30.0,
    steps: int | None = None,
    seed: int = 0,
    on_step: Callable[[TrainingStep], None] | None = None,
) -> dict[str, Any]:
    """Train on the left photograph of the garage and segment both.

    Writes ``segmentation.tif`` (left photograph), ``model.garage`` and
    ``overlay.png``.

    Parameters
    ----------
    folder
        Folder of the files; created if it does not exist.
    seconds, steps
        Longest training, in seconds and in steps; None for any number of steps.
    seed
        Seed of the training.
    on_step
        Function that is called after each training step.

    Returns
    -------
    dict
        JSON values: accuracy and mean intersection over union, on the unpainted pixels
        of the left and on all of the right photograph; seconds, steps, versions.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    from napari_garage_unet.engine.api import train
    from napari_garage_unet.engine.compute.backend import versions
    from napari_garage_unet.engine.compute.devices import current_devices
    from napari_garage_unet.engine.evaluation.scores import score
    from napari_garage_unet.engine.files.writing import write_segmentation
    from napari_garage_unet.engine.images.image import Image

    folder = Path(folder)
    make_folder(folder)
    sample = samples.garage()
    left = Image(sample.left, "yxc", name="garage photograph")
    right = Image(sample.right, "yxc", name="right photograph")
    model = train(
        left,
        sample.strokes,
        classes=sample.classes,
        seconds=seconds,
        seed=seed,
        training=TrainingConfig(max_steps=steps),
        on_step=on_step,
    )
    begin = time.perf_counter()
    labels = model.segment(left)
    segmented = time.perf_counter() - begin
    on_left = score(sample.mask_left, labels, strokes=sample.strokes)
    on_right = score(sample.mask_right, model.segment(right))
    write_segmentation(folder / "segmentation.tif", labels, like=left)
    model.save(folder / "model.garage")
    write_overlay(folder / "overlay.png", sample.left, labels, sample.classes)
    return {
        "left": dataclasses.asdict(on_left),
        "right": dataclasses.asdict(on_right),
        "painted_share": round(float(np.mean(sample.strokes > 0)), 5),
        "seconds_trained": model.provenance["seconds"],
        "seconds_to_segment": round(segmented, 2),
        "steps": model.provenance["steps"],
        "seed": seed,
        "device": current_devices().text,
        "versions": {"napari-garage-unet": __version__, **versions()},
    }


def write_overlay(
    path: str | Path,
    photograph: NDArray[np.uint8],
    labels: NDArray[Any],
    classes: tuple[ClassInfo, ...],
) -> None:
    """Draw labels over a photograph, with a legend below.

    Parameters
    ----------
    path
        PNG file to write.
    photograph
        ``(H, W, 3)``, RGB, uint8.
    labels
        ``(H, W)``, class ids; 0 and the background stay without colour.
    classes
        Names and colours of the class ids.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    from PIL import Image, ImageDraw, ImageFont

    from napari_garage_unet.engine.annotations.palette import color_for

    mixed = photograph.astype(np.float32)
    shown = [info for info in classes if not info.background]
    colors = {i.id: bytes.fromhex((i.color or color_for(i.id))[1:7]) for i in shown}
    for class_id, color in colors.items():
        there = labels == class_id
        mixed[there] *= 1 - OVERLAY_OPACITY
        mixed[there] += OVERLAY_OPACITY * np.array(list(color), np.float32)
    height, width = labels.shape
    columns = 4
    rows = -(-len(shown) // columns)
    picture = Image.new("RGB", (width, height + 28 * rows + 8), "#ffffff")
    picture.paste(Image.fromarray(np.rint(mixed).astype(np.uint8)), (0, 0))
    pen = ImageDraw.Draw(picture)
    for number, info in enumerate(shown):
        x = 12 + number % columns * (width // columns)
        y = height + 10 + number // columns * 28
        pen.rectangle([x, y, x + 18, y + 18], fill=tuple(colors[info.id]))
        font = ImageFont.load_default(15)
        pen.text((x + 26, y + 9), info.name, fill="#1b1b1b", font=font, anchor="lm")
    write_whole(path, lambda target: picture.save(target, format="PNG"))
