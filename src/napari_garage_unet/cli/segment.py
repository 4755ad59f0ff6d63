"""`garage-unet segment`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
import numpy as np

from napari_garage_unet import __version__
from napari_garage_unet.engine.files.reports import write_report
from napari_garage_unet.engine.labels.rules import SplitBy

from .batch import Batch, Picture, plan_pictures, say_left_out, without_results
from .inputs import make_rules, read_for_model, say_differences
from .options import AXES_OPTION, JSON_OPTION, PATH_TYPE, SERIES_OPTION
from .outputs import check_distinct, check_output, describe_image
from .stop_signals import StopRequest, stop_signals
from .terminal import say, say_device, say_notes, start_engine
from .values import (
    CONTRASTS,
    MASK_OPTION,
    NODATA_OPTION,
    mark_image,
    masks_by_image,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_garage_unet.engine.batch.pipeline import (
        PipelineOptions,
        SegmentedImage,
    )
    from napari_garage_unet.engine.images.image import Image
    from napari_garage_unet.engine.models.model import Model
    from napari_garage_unet.engine.objects.tables import Table


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
    model = model.with_rules(make_rules(model, thresholds, sizes))
    wanted, left_out = without_results(inputs)
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
        reading = _Reading(axes, series, nodata, mask_of)
        work = _Segmenting(model, options, reading, stop, measures=table is not None)
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


@dataclass(frozen=True, slots=True)
class _Reading:
    """How pictures are read.

    Parameters
    ----------
    axes
        Axes of all pictures, or None.
    series
        Which picture of each file, or None.
    nodata
        Value that stands for no data in all pictures, or None.
    mask_of
        Mask by picture.
    """

    axes: str | None
    series: int | None
    nodata: float | None
    mask_of: Mapping[Path, Path | None]


class _Segmenting:
    """Reads, segments and measures one picture after the other.

    Parameters
    ----------
    model
        The model.
    options
        Results besides labels.
    reading
        How pictures are read.
    stop
        Is held while files are written.
    measures
        Whether the objects are measured.

    Attributes
    ----------
    device
        What computes, in words; empty before `start`.
    """

    def __init__(
        self,
        model: Model,
        options: PipelineOptions,
        reading: _Reading,
        stop: StopRequest,
        *,
        measures: bool,
    ) -> None:
        self._model = model
        self._options = options
        self._reading = reading
        self._stop = stop
        self._measures = measures
        self._tables: list[Table] = []
        self.device = ""

    def read(self, path: Path) -> Image:
        """Read a picture."""
        how = self._reading
        image = read_for_model(path, self._model, axes=how.axes, series=how.series)
        say_notes(image)
        say_differences(image, self._model)
        return mark_image(image, nodata=how.nodata, mask=how.mask_of[path])

    def start(self) -> None:
        """Load TensorFlow and build the network; does nothing the second time."""
        if self.device:
            return
        start_engine()
        # Building the network checks first that the weights fit.
        devices = self._model.predictor.network.devices
        say_device(devices)
        self.device = devices.text

    def segment(self, picture: Picture, image: Image) -> dict[str, Any]:
        """Segment a picture and write its files; return their JSON description."""
        from napari_garage_unet.engine.batch.pipeline import (
            OutputPaths,
            image_table,
            segment_image,
            write_outputs,
        )

        begin = time.perf_counter()
        paths = OutputPaths(
            picture.segmentation, picture.probabilities, picture.objects
        )
        segmented = segment_image(self._model, image, self._options)
        rows = image_table(segmented, name=picture.name) if self._measures else None
        with self._stop.hold():
            write_outputs(segmented, paths)
            if rows is not None:
                self._tables.append(rows)
            for written in (paths.segmentation, paths.objects):
                if written is not None:
                    say(str(written))
            return {
                **_describe(segmented, picture),
                "seconds": round(time.perf_counter() - begin, 3),
                "pixels": _count(segmented.labels, (0, *self._model.class_ids)),
            }

    def write_table(self, path: Path) -> None:
        """Write the objects of all pictures that are done."""
        from napari_garage_unet.engine.objects.table_files import write_table
        from napari_garage_unet.engine.objects.table_units import join_in_one_unit

        write_table(join_in_one_unit(self._tables), path)
        say(str(path))


def _describe(segmented: SegmentedImage, picture: Picture) -> dict[str, Any]:
    """Return the results of a picture and their paths as JSON values."""
    described: dict[str, Any] = {
        "input": picture.name,
        "path": str(picture.path),
        "segmentation": str(picture.segmentation),
    }
    if picture.probabilities is not None:
        described["probabilities"] = str(picture.probabilities)
    if segmented.objects is not None:
        described["objects"] = {str(i): n for i, n in segmented.objects.counts.items()}
    return {**described, **describe_image(segmented.image)}


def _count(labels: NDArray[Any], class_ids: tuple[int, ...]) -> dict[str, int]:
    """Return the number of pixels of each class id, by its text."""
    counts = np.bincount(labels.ravel(), minlength=max(class_ids) + 1)
    return {str(i): int(counts[i]) for i in class_ids}
