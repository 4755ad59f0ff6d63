"""`garage-unet segment`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from napari_garage_unet import __version__
from napari_garage_unet.engine.files.reports import write_report
from napari_garage_unet.engine.labels.rules import SplitBy

from .batch import Batch, plan_pictures, say_left_out, without_results
from .inputs import make_rules
from .options import AXES_OPTION, JSON_OPTION, PATH_TYPE, SERIES_OPTION
from .outputs import check_distinct, check_output
from .segmenting import Reading, Segmenting
from .stop_signals import stop_signals
from .values import (
    CONTRASTS,
    MASK_OPTION,
    NODATA_OPTION,
    masks_by_image,
)

if TYPE_CHECKING:
    pass


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
@SERIES_OPTION
@NODATA_OPTION
@MASK_OPTION
@click.option(
    "--nodata-class",
    metavar="CLASS",
    help="Pixels without data become this class (name or id), such as the background, "
    "instead of 0.",
)
@click.option(
    "--contrast",
    type=click.Choice(CONTRASTS),
    help="Take black and white from each plane, the whole stack or the training images "
    "instead of as the model says.",
)
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
    help="Remove smaller regions and objects, of this class or of all; in voxels where "
    "there is a z.",
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
    series: int | None,
    nodata: float | None,
    masks: tuple[Path, ...],
    nodata_class: str | None,
    contrast: Any,
    preset: str | None,
    thresholds: tuple[str, ...],
    sizes: tuple[str, ...],
    objects: bool,
    split: bool,
    split_by: SplitBy | None,
    table: Path | None,
    report: Path | None,
) -> int:
    """Segment images with a model."""
    from napari_garage_unet.engine.models.loading import load_model

    model = load_model(model_path)
    if preset is not None:
        model = model.with_preset(preset)
    if contrast is not None:
        model = model.with_contrast(contrast)
    model = model.with_rules(
        make_rules(model, thresholds, sizes, nodata_class=nodata_class)
    )
    wanted, left_out = without_results(inputs, tables=(table, report))
    mask_of = masks_by_image(inputs, masks)
    pictures = plan_pictures(wanted, out, probabilities=probabilities, objects=objects)
    outputs = [path for picture in pictures for path in picture.outputs]
    outputs += [path for path in (report, table) if path]
    check_distinct(outputs)
    for path in outputs:
        check_output(path, inputs=(*wanted, model_path))
    say_left_out(left_out)
    from napari_garage_unet.engine.batch.pipeline import PipelineOptions

    options = PipelineOptions(
        probabilities=probabilities,
        objects=bool(objects or table),
        split=split or split_by is not None,
        split_by=split_by,
    )
    batch = Batch(pictures)
    with stop_signals(at_once=True) as stop:
        reading = Reading(axes, series, nodata, mask_of)
        work = Segmenting(model, options, reading, stop, measures=table is not None)
        batch.run(read=work.read, start=work.start, segment=work.segment, stop=stop)
        with stop.hold():
            try:
                if table and batch.done:
                    work.write_table(table)
            finally:
                if report:
                    write_report(
                        report,
                        {
                            "command": "segment",
                            "model": str(model_path),
                            "preset": preset,
                            "rules": {
                                str(i): rule.to_json()
                                for i, rule in model.rules.items()
                            },
                            **batch.to_json(),
                            "left_out": [str(path) for path in left_out],
                            "stopped_by": stop.by or None,
                            "device": work.device,
                            "version": __version__,
                        },
                    )
    if batch.only_error is not None:
        raise batch.only_error
    batch.say_end(stop)
    return stop.exit_code if batch.not_tried else batch.exit_code
