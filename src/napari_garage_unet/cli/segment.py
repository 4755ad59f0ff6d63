"""`garage-unet segment`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
import numpy as np

from napari_garage_unet import __version__
from napari_garage_unet.engine.files.reports import write_report
from napari_garage_unet.engine.labels.rules import SplitBy

from .inputs import make_rules, read_for_model, say_differences
from .options import AXES_OPTION, JSON_OPTION, PATH_TYPE
from .outputs import (
    check_output,
    describe_image,
    objects_path,
    probabilities_path,
    segmentation_paths,
)
from .terminal import say_device, start_engine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_garage_unet.engine.batch.pipeline import OutputPaths, SegmentedImage


@click.command("segment")
@click.argument("inputs", type=PATH_TYPE, nargs=-1, required=True)
@click.option("--model", "model_path", type=PATH_TYPE, required=True)
@click.option(
    "--out",
    type=PATH_TYPE,
    required=True,
    help="A .tif, .zarr, .png or .npy file, or a folder.",
)
@click.option("--probabilities", is_flag=True, help="Write them too, as a TIFF.")
@AXES_OPTION
@click.option(
    "--preset",
    metavar="NAME",
    help="Use the values saved under this name with the model; "
    "`garage-unet info` lists them.",
)
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
    help="Remove smaller regions, of this class or of all; in voxels where there is "
    "a z.",
)
@click.option("--objects", is_flag=True, help="Write an id per object too, as a TIFF.")
@click.option("--split", is_flag=True, help="Split objects that touch each other.")
@click.option(
    "--split-by",
    type=click.Choice(get_args(SplitBy)),
    help="Split where objects are narrow, or also where the model is less sure; "
    "implies --split.",
)
@click.option(
    "--table",
    type=PATH_TYPE,
    metavar="FILE",
    help="Measure the objects, as a CSV file.",
)
@JSON_OPTION
def segment_command(
    inputs: tuple[Path, ...],
    model_path: Path,
    out: Path,
    probabilities: bool,
    axes: str | None,
    preset: str | None,
    thresholds: tuple[str, ...],
    sizes: tuple[str, ...],
    objects: bool,
    split: bool,
    split_by: SplitBy | None,
    table: Path | None,
    report: Path | None,
) -> None:
    """Segment images with a model."""
    from napari_garage_unet.engine.models.loading import load_model

    model = load_model(model_path)
    if preset is not None:
        model = model.with_preset(preset)
    model = model.with_rules(make_rules(model, thresholds, sizes))
    images = [read_for_model(path, model, axes=axes) for path in inputs]
    for image in images:
        say_differences(image, model)
    targets = segmentation_paths(inputs, out)
    others = [probabilities_path(path) for path in targets] if probabilities else []
    others += [objects_path(path) for path in targets] if objects else []
    for path in (*others, *(path for path in (report, table) if path)):
        check_output(path, inputs=(*inputs, model_path, *targets))
    start_engine()
    from napari_garage_unet.engine.batch.pipeline import (
        OutputPaths,
        PipelineOptions,
        image_table,
        segment_image,
        write_outputs,
    )
    from napari_garage_unet.engine.objects.table_files import write_table
    from napari_garage_unet.engine.objects.table_units import join_in_one_unit

    # Building the network checks first that the weights fit.
    devices = model.predictor.network.devices
    say_device(devices)
    options = PipelineOptions(
        probabilities=probabilities,
        objects=bool(objects or table),
        split=split or split_by is not None,
        split_by=split_by,
    )
    results, tables = [], []
    for image, path in zip(images, targets, strict=True):
        begin = time.perf_counter()
        paths = OutputPaths(
            path,
            probabilities=probabilities_path(path) if probabilities else None,
            objects=objects_path(path) if objects else None,
        )
        segmented = segment_image(model, image, options)
        write_outputs(segmented, paths)
        for written in (paths.segmentation, paths.objects):
            if written is not None:
                click.echo(str(written))
        if table:
            tables.append(image_table(segmented))
        results.append(
            {
                **_describe(segmented, paths),
                "seconds": round(time.perf_counter() - begin, 3),
                "pixels": _count(segmented.labels, (0, *model.class_ids)),
            }
        )
    if table:
        write_table(join_in_one_unit(tables), table)
        click.echo(str(table))
    if report:
        result = {
            "command": "segment",
            "model": str(model_path),
            "preset": preset,
            "rules": {str(i): rule.to_json() for i, rule in model.rules.items()},
            "results": results,
            "device": devices.text,
            "version": __version__,
        }
        write_report(report, result)


def _describe(segmented: SegmentedImage, paths: OutputPaths) -> dict[str, Any]:
    """Return the results of an image and their paths as JSON values."""
    image = segmented.image
    described: dict[str, Any] = {
        "input": image.name,
        "segmentation": str(paths.segmentation),
    }
    if paths.probabilities is not None:
        described["probabilities"] = str(paths.probabilities)
    if segmented.objects is not None:
        described["objects"] = {str(i): n for i, n in segmented.objects.counts.items()}
    return {**described, **describe_image(image)}


def _count(labels: NDArray[Any], class_ids: tuple[int, ...]) -> dict[str, int]:
    """Return the number of pixels of each class id, by its text."""
    counts = np.bincount(labels.ravel(), minlength=max(class_ids) + 1)
    return {str(i): int(counts[i]) for i in class_ids}
