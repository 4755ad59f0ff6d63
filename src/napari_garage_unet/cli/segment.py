"""`garage-unet segment`."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
import numpy as np

from napari_garage_unet import __version__
from napari_garage_unet.engine.labels.rules import SplitBy

from .inputs import make_rules, read_for_model
from .options import AXES, FILE, JSON
from .outputs import (
    check_output,
    describe_image,
    objects_path,
    probabilities_path,
    segmentation_paths,
    write_report,
)
from .terminal import say_device, start_engine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_garage_unet.engine.models.model import Model


@click.command("segment")
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
    "--table", type=FILE, metavar="FILE", help="Measure the objects, as a CSV file."
)
@JSON
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
    from napari_garage_unet.engine.files.probabilities import write_probabilities
    from napari_garage_unet.engine.files.writing import write_segmentation
    from napari_garage_unet.engine.models.loading import load_model

    model = load_model(model_path)
    if preset is not None:
        model = model.with_preset(preset)
    model = model.with_rules(make_rules(model, thresholds, sizes))
    images = [read_for_model(path, model, axes=axes) for path in inputs]
    paths = segmentation_paths(inputs, out)
    others = [probabilities_path(path) for path in paths] if probabilities else []
    if objects:
        others += [objects_path(path) for path in paths]
    for path in (*others, *(path for path in (report, table) if path)):
        check_output(path, inputs=(*inputs, model_path, *paths))
    start_engine()
    from napari_garage_unet.engine.objects.instances import (
        class_objects,
        needs_probabilities,
        objects_table,
    )
    from napari_garage_unet.engine.objects.tables import write_table

    # Says first whether the weights fit.
    devices = model.predictor.network.devices
    say_device(devices)
    split = split or split_by is not None
    weighed = bool(objects or table) and needs_probabilities(
        model.classes, model.rules, split=split, split_by=split_by
    )
    results, tables = [], []
    for image, path in zip(images, paths, strict=True):
        begin = time.perf_counter()
        result = {"input": image.name, "segmentation": str(path)}
        values = None
        if probabilities or weighed:
            values = model.predict_proba(image)
            labels = model.decide(values, image=image)
        else:
            labels = model.segment(image)
        if probabilities and values is not None:
            target = probabilities_path(path)
            write_probabilities(target, values, like=image)
            result["probabilities"] = str(target)
        write_segmentation(path, labels, like=image)
        click.echo(str(path))
        if objects or table:
            found = class_objects(
                labels,
                model.classes,
                image,
                rules=model.rules,
                probabilities=values,
                split=split,
                split_by=split_by,
            )
            result["objects"] = {str(i): _n_objects(ids) for i, ids in found.items()}
            if objects:
                target = objects_path(path)
                write_segmentation(target, sum(found.values()), like=image)
                click.echo(str(target))
            if table:
                columns = objects_table(found, model.classes, image)
                n = _n_rows(columns)
                tables.append({"image": np.full(n, image.name, object), **columns})
        results.append(
            {
                **result,
                **describe_image(image),
                "seconds": round(time.perf_counter() - begin, 3),
                "pixels": _count(model, labels),
            }
        )
    if table:
        joined = _join_tables(tables)
        write_table(joined, table, units=images[0].units)
        click.echo(str(table))
    write_report(
        report,
        {
            "command": "segment",
            "model": str(model_path),
            "preset": preset,
            "rules": {str(i): rule.to_json() for i, rule in model.rules.items()},
            "results": results,
            "device": devices.text,
            "version": __version__,
        },
    )


def _join_tables(tables: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, Any]:
    """Put tables below each other; what one of them does not have stays empty."""
    joined = {}
    for name in dict.fromkeys(itertools.chain.from_iterable(tables)):
        parts = [
            columns[name] if name in columns else np.full(_n_rows(columns), "", object)
            for columns in tables
        ]
        joined[name] = np.concatenate(parts)
    return joined


def _n_rows(columns: Mapping[str, NDArray[Any]]) -> int:
    return len(next(iter(columns.values()), []))


def _count(model: Model, labels: NDArray[Any]) -> dict[str, int]:
    counts = np.bincount(labels.ravel(), minlength=max(model.class_ids) + 1)
    return {str(i): int(counts[i]) for i in (0, *model.class_ids)}


def _n_objects(ids: NDArray[Any]) -> int:
    return len(np.unique(ids[ids > 0]))
