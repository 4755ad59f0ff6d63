"""`garage-unet`: train, segment, look into models and export them, without napari.

Exit code 0 on success; 2 on wrong use or input, with one line on standard error.
TensorFlow is loaded by the commands that compute, after they have checked their input.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import click

from . import __version__
from .cli_inputs import (
    make_classes,
    make_rules,
    parse_names,
    read_for_model,
    read_for_strokes,
)
from .cli_outputs import (
    check_output,
    make_folder,
    probabilities_path,
    segmentation_paths,
    write_report,
)
from .cli_terminal import ProgressLine, interrupt_flag, start_engine
from .engine.config import NetworkConfig, TrainingConfig
from .engine.errors import GarageError, InputError
from .engine.image import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .engine.model import Model

DEFAULT_SECONDS = 30.0
NO_TIME_LIMIT = 7 * 86400.0
"""Seconds when only steps are counted."""

ENCODERS = get_args(get_type_hints(NetworkConfig)["encoder"])

FILE = click.Path(path_type=Path)
JSON = click.option(
    "--json", "report", type=FILE, metavar="FILE", help="Write a report as JSON."
)
AXES = click.option(
    "--axes",
    metavar="LETTERS",
    help="What the axes of the images are, such as zyx or cyx, for files that do not "
    "say it.",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Parameters
    ----------
    arguments
        What stands behind ``garage-unet``; None takes it from the command line.
    """
    try:
        code = commands.main(
            args=None if arguments is None else list(arguments),
            prog_name="garage-unet",
            standalone_mode=False,
        )
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "garage-unet"
        sys.exit(_fail(f"{error.format_message()} See: {command} --help"))
    except GarageError as error:
        sys.exit(_fail(str(error)))
    except (click.Abort, KeyboardInterrupt):
        _fail("Interrupted.")
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> int:
    click.echo(f"garage-unet: {' '.join(message.split())}", err=True)
    return 2


@click.group(no_args_is_help=False, context_settings={"max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Train U-Nets from painted strokes and segment images with them."""


@commands.command("train")
@click.option("--image", "images", type=FILE, multiple=True, required=True)
@click.option(
    "--strokes",
    "strokes",
    type=FILE,
    multiple=True,
    required=True,
    help="Class ids painted on the image, 0 = unlabelled; one file for each --image, "
    "in the same order.",
)
@click.option("--model", "out", type=FILE, required=True, help="File to write.")
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
@AXES
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
@JSON
def train_command(
    images: tuple[Path, ...],
    strokes: tuple[Path, ...],
    out: Path,
    seconds: float | None,
    steps: int | None,
    seed: int,
    axes: str | None,
    names: tuple[str, ...],
    background: int | None,
    encoder: Any,
    width: int,
    depth: int,
    report: Path | None,
) -> None:
    """Train a model from images and strokes."""
    from .engine.files import read_strokes
    from .engine.strokes import collect_strokes, painted_ids

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
    painted = [read_strokes(path) for path in strokes]
    pictures = [
        read_for_strokes(path, array, axes=axes)
        for path, array in zip(images, painted, strict=True)
    ]
    # Whatever is wrong with the strokes is said before TensorFlow takes its time.
    ids = painted_ids(collect_strokes(pictures, painted))
    classes = make_classes(ids, named, background)
    if seconds is None:
        seconds = DEFAULT_SECONDS if steps is None else NO_TIME_LIMIT
    config = TrainingConfig(seconds=seconds, max_steps=steps, seed=seed)
    start_engine()
    from .engine.backend import describe_device
    from .engine.training import Training

    job = Training(
        pictures,
        painted,
        classes=classes,
        network=network,
        training=config,
    )
    progress = ProgressLine(f"{seconds:g} s" if steps is None else f"{steps} steps")
    with interrupt_flag() as asked:
        for step in job.run():
            progress(step)
            if asked:
                break
    progress.close()
    model = job.model()
    model.save(out)
    known = model.provenance
    click.echo(
        f"{out}: {known['steps']} steps in {known['seconds']:.1f} s"
        + (", stopped by Ctrl-C" if asked else "")
        + (
            f", {100 * progress.best_accuracy:.0f} % of the held-out strokes right"
            if progress.best_accuracy is not None
            else ", too few strokes to hold any out"
        )
    )
    result = {
        "command": "train",
        "model": str(out),
        "images": [_describe(image) for image in pictures],
        "strokes": [str(path) for path in strokes],
        "ended": "interrupted" if asked else job.reason,
        "loss": progress.last.loss if progress.last else None,
        "held_out_accuracy": progress.best_accuracy,
        "device": describe_device(),
        **model.info(),
    }
    write_report(report, result)


@commands.command("segment")
@click.argument("inputs", type=FILE, nargs=-1, required=True)
@click.option("--model", "model_path", type=FILE, required=True)
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="A .tif, .zarr, .png or .npy file, or a folder.",
)
@click.option("--probabilities", is_flag=True, help="Write them too, as a TIFF.")
@AXES
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="CLASS=P",
    help="Only pixels of at least this probability become this class (name or id).",
)
@click.option(
    "--min-size",
    "sizes",
    multiple=True,
    metavar="[CLASS=]PIXELS",
    help="Remove smaller regions, of this class or of all.",
)
@JSON
def segment_command(
    inputs: tuple[Path, ...],
    model_path: Path,
    out: Path,
    probabilities: bool,
    axes: str | None,
    thresholds: tuple[str, ...],
    sizes: tuple[str, ...],
    report: Path | None,
) -> None:
    """Segment images with a model."""
    from .engine.files import write_segmentation
    from .engine.model_store import load_model
    from .engine.probability_files import write_probabilities

    model = load_model(model_path)
    model = model.with_rules(make_rules(model, thresholds, sizes))
    images = [read_for_model(path, model, axes=axes) for path in inputs]
    paths = segmentation_paths(inputs, out)
    others = [probabilities_path(path) for path in paths] if probabilities else []
    for path in (*others, *([report] if report else [])):
        check_output(path, inputs=(*inputs, model_path, *paths))
    start_engine()
    results = []
    for image, path in zip(images, paths, strict=True):
        begin = time.perf_counter()
        result = {"input": image.name, "segmentation": str(path)}
        if probabilities:
            values = model.predict_proba(image)
            labels = _decide_planes(model, image, values)
            target = probabilities_path(path)
            write_probabilities(target, values, like=image)
            result["probabilities"] = str(target)
        else:
            labels = model.segment(image)
        write_segmentation(path, labels, like=image)
        click.echo(str(path))
        results.append(
            {
                **result,
                **_describe(image),
                "seconds": round(time.perf_counter() - begin, 3),
                "pixels": _count(model, labels),
            }
        )
    write_report(
        report,
        {
            "command": "segment",
            "model": str(model_path),
            "rules": {str(i): rule.to_json() for i, rule in model.rules.items()},
            "results": results,
            "version": __version__,
        },
    )


@commands.command("info")
@click.argument("model_path", type=FILE, metavar="MODEL")
@click.option("--plot", type=FILE, metavar="FILE", help="Draw the network, as a PNG.")
@JSON
def info_command(model_path: Path, plot: Path | None, report: Path | None) -> None:
    """Say what a model is and where it comes from."""
    from .cli_info import describe_model
    from .engine.model_store import load_model, read_info

    for path in (plot, report):
        if path is not None:
            check_output(path, inputs=[model_path])
    info = read_info(model_path)
    if plot is not None:
        start_engine()
        from .engine.draw import draw_model

        draw_model(load_model(model_path), plot)
    click.echo(f"{model_path}\n\n{describe_model(info)}")
    write_report(report, {"command": "info", "model": str(model_path), **info})


@commands.command("export")
@click.argument("model_path", type=FILE, metavar="MODEL")
@click.option("--to", type=click.Choice(["bioimageio", "onnx"]), required=True)
@click.argument("out", type=FILE)
@click.option("--sample", type=FILE, help="Image for bioimageio's test and cover.")
@click.option("--name", default="", help="What the model is called, for bioimageio.")
@click.option("--author", default="", help="Who made it, for bioimageio.")
@click.option(
    "--license",
    default="CC-BY-4.0",
    show_default=True,
    help="SPDX identifier, for bioimageio.",
)
@JSON
def export_command(
    model_path: Path,
    to: Any,
    out: Path,
    sample: Path | None,
    name: str,
    author: str,
    license: str,
    report: Path | None,
) -> None:
    """Write a model for other programs."""
    from .engine.export import check_packages, export_model
    from .engine.model_store import load_model

    inputs = [model_path] if sample is None else [model_path, sample]
    for path in (out, report):
        if path is not None:
            check_output(path, inputs=inputs)
    model = load_model(model_path)
    image = None if sample is None else read_for_model(sample, model, axes=None)
    start_engine()
    check_packages(to)
    export_model(
        model, out, to=to, sample=image, name=name, author=author, license=license
    )
    click.echo(str(out))
    write_report(
        report,
        {
            "command": "export",
            "model": str(model_path),
            "to": to,
            "out": str(out),
            "bytes": out.stat().st_size,
        },
    )


@commands.command("demo")
@click.option("--out", type=FILE, default="demo", show_default=True, metavar="FOLDER")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    default=DEFAULT_SECONDS,
    show_default=True,
)
@click.option("--steps", type=click.IntRange(min=1), help="Learn for at most so many.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@JSON
def demo_command(
    out: Path, seconds: float, steps: int | None, seed: int, report: Path | None
) -> None:
    """Train on the garage photograph, segment it and say how good it is."""
    from .garage_demo import run_demo

    make_folder(out)
    for path in (out / "report.json", report):
        if path is not None:
            check_output(path)
    start_engine()
    progress = ProgressLine(f"{seconds:g} s")
    result = run_demo(out, seconds=seconds, steps=steps, seed=seed, on_step=progress)
    progress.close()
    result = {"command": "demo", **result}
    for path in (out / "report.json", report):
        write_report(path, result)
    for side in ("left", "right"):
        figures = result[side]
        click.echo(
            f"{side} photograph: accuracy {figures['accuracy']:.3f}, "
            f"mean IoU {figures['mean_iou']:.3f}"
        )
    click.echo(f"{out}: segmentation.tif, model.garage, overlay.png, report.json")


def _decide_planes(
    model: Model, image: Image, probabilities: NDArray[Any]
) -> NDArray[Any]:
    """Decide plane by plane, as `Model.segment` does."""
    import numpy as np

    keys = [image.spatial_key(index) for index in image.plane_indices()]
    planes = [model.decide(probabilities[(slice(None), *key)]) for key in keys]
    labels = np.zeros(image.spatial_shape, planes[0].dtype)
    for key, plane in zip(keys, planes, strict=True):
        labels[key] = plane
    return labels


def _describe(image: Image) -> dict[str, Any]:
    return {
        "image": image.name,
        "shape": [int(n) for n in image.data.shape],
        "axes": image.axes,
    }


def _count(model: Model, labels: NDArray[Any]) -> dict[str, int]:
    import numpy as np

    counts = np.bincount(labels.ravel(), minlength=max(model.class_ids) + 1)
    return {str(i): int(counts[i]) for i in (0, *model.class_ids)}
