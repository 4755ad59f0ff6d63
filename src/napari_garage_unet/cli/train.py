"""`garage-unet train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_type_hints

import click

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.reports import write_report
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.networks.config import NetworkConfig

from .description import describe_check
from .inputs import make_classes, parse_names, read_for_strokes
from .model_file import save_or_rescue, seek_room
from .options import (
    AXES_OPTION,
    DEFAULT_SECONDS,
    JSON_OPTION,
    PATH_TYPE,
    SERIES_OPTION,
)
from .outputs import check_output, describe_image
from .stop_signals import stop_signals
from .terminal import ProgressLine, say, say_device, say_notes, start_engine
from .values import (
    CONTRASTS,
    MASK_OPTION,
    NODATA_OPTION,
    make_preprocess,
    mark_image,
    masks_by_image,
)

UNLIMITED_SECONDS = 7 * 86400.0
"""Length of a training that only ``--steps`` limits."""

ENCODERS = get_args(get_type_hints(NetworkConfig)["encoder"])
"""Values of ``--encoder``."""


@click.command("train")
@click.option("--image", "images", type=PATH_TYPE, multiple=True, required=True)
@click.option(
    "--strokes",
    "strokes",
    type=PATH_TYPE,
    multiple=True,
    required=True,
    help="Class ids painted on the image, 0 = unlabelled; one file for each --image, "
    "in the same order.",
)
@click.option("--model", "out", type=PATH_TYPE, required=True, help="File to write.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    help="How long to learn; 30, or no limit with --steps. Ctrl-C ends it earlier and "
    "keeps what has been learnt.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Learn for exactly so many steps; the same seed then gives the same model.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@AXES_OPTION
@SERIES_OPTION
@NODATA_OPTION
@MASK_OPTION
@click.option(
    "--contrast",
    type=click.Choice(CONTRASTS),
    help="What is black and white: in each plane for itself, in the whole stack, or in "
    "the painted planes, also in images that are segmented later; plane by default, "
    "and training for stacks, so that planes without signal stay empty.",
)
@click.option(
    "--class",
    "names",
    multiple=True,
    metavar="ID=NAME",
    help="What a class is called; repeat for each.",
)
@click.option("--background", type=int, metavar="ID", help="Which class is background.")
@click.option(
    "--encoder",
    type=click.Choice(ENCODERS),
    default=NetworkConfig().encoder,
    show_default=True,
    help="plain is a U-Net that is trained from nothing.",
)
@click.option(
    "--width",
    type=int,
    default=NetworkConfig().width,
    show_default=True,
    help="Channels of the plain U-Net's first level.",
)
@click.option(
    "--depth",
    type=int,
    default=NetworkConfig().depth,
    show_default=True,
    help="How often the plain U-Net halves the image.",
)
@JSON_OPTION
def train_command(
    images: tuple[Path, ...],
    strokes: tuple[Path, ...],
    out: Path,
    seconds: float | None,
    steps: int | None,
    seed: int,
    axes: str | None,
    series: int | None,
    nodata: float | None,
    masks: tuple[Path, ...],
    contrast: Any,
    names: tuple[str, ...],
    background: int | None,
    encoder: Any,
    width: int,
    depth: int,
    report: Path | None,
) -> None:
    """Train a model from images and strokes."""
    from napari_garage_unet.engine.annotations.stroke_values import doubt_about
    from napari_garage_unet.engine.annotations.strokes import (
        collect_strokes,
        painted_ids,
    )
    from napari_garage_unet.engine.files.reading import read_strokes

    if len(images) != len(strokes):
        raise InputError(
            f"There are {len(images)} --image and {len(strokes)} --strokes; "
            "each image needs its own strokes."
        )
    network = NetworkConfig(encoder=encoder, width=width, depth=depth)
    named = parse_names(names)
    for path in (out, report):
        if path is not None:
            check_output(path, inputs=(*images, *strokes))
    mask_of = masks_by_image(images, masks)
    pictures, painted = [], []
    for path, strokes_path in zip(images, strokes, strict=True):
        image, array = read_for_strokes(
            path, read_strokes(strokes_path), axes=axes, series=series
        )
        say_notes(image)
        image = mark_image(image, nodata=nodata, mask=mask_of[path])
        pictures.append(image)
        painted.append(array)
    # Strokes are checked before TensorFlow takes seconds to start.
    ids = painted_ids(collect_strokes(pictures, painted))
    for image, array in zip(pictures, painted, strict=True):
        if doubt := doubt_about(array, name=f"The strokes of {image.name}"):
            say(doubt, err=True)
    classes = make_classes(ids, named, background)
    if seconds is None:
        seconds = DEFAULT_SECONDS if steps is None else UNLIMITED_SECONDS
    config = TrainingConfig(seconds=seconds, max_steps=steps, seed=seed)
    start_engine()
    from napari_garage_unet.engine.learning.training import Training

    job = Training(
        pictures,
        painted,
        classes=classes,
        preprocess=make_preprocess(pictures, contrast),
        network=network,
        training=config,
    )
    say_device(job.network.devices)
    progress = ProgressLine(f"{seconds:g} s" if steps is None else f"{steps} steps")
    seek_room(job.model(check=False), out)
    with stop_signals() as stop:
        for step in job.run():
            progress(step)
            if stop:
                break
        progress.close()
        model = job.model()
        save_or_rescue(model, out)
        known = model.provenance
        if report:
            result = {
                "command": "train",
                "model": str(out),
                "images": [describe_image(image) for image in pictures],
                "strokes": [str(path) for path in strokes],
                "ended": "interrupted" if stop else job.reason,
                "stopped_by": stop.by or None,
                "loss": progress.last.loss if progress.last else None,
                "held_out_accuracy": known["accuracy"],
                "device": job.network.devices.text,
                **model.info(),
            }
            write_report(report, result)
        say(
            f"{out}: {known['steps']} steps in {known['seconds']:.1f} s"
            + (f", stopped by {stop.by}" if stop else "")
            + f", {describe_check(known)}"
        )
