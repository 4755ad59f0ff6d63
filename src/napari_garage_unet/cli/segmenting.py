"""What `garage-unet segment` does with each picture."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_garage_unet.engine.files.room import check_room

from .batch import Picture
from .inputs import read_for_model, say_differences
from .outputs import describe_image
from .stop_signals import StopRequest
from .terminal import say, say_device, say_notes, start_engine
from .values import mark_image, say_contrast

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_garage_unet.engine.batch.pipeline import (
        PipelineOptions,
        SegmentedImage,
    )
    from napari_garage_unet.engine.images.image import Image
    from napari_garage_unet.engine.models.model import Model
    from napari_garage_unet.engine.objects.tables import Table

BYTES_PER_PROBABILITY = 2
"""Room that a probability of four bytes takes at least, compressed, as a rule."""


@dataclass(frozen=True, slots=True)
class Reading:
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


class Segmenting:
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
        reading: Reading,
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
        image = mark_image(
            image,
            nodata=how.nodata,
            mask=how.mask_of[path],
            become=self._no_data_class(),
        )
        say_contrast(image, self._model)
        return image

    def _no_data_class(self) -> str:
        """Say what pixels without data become."""
        taking = (
            f"class {info.id} ({info.name})"
            for info in self._model.classes
            if info.id in self._model.rules and self._model.rules[info.id].takes_no_data
        )
        return next(taking, "class 0")

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
        if paths.probabilities is not None:
            values = len(self._model.classes) * math.prod(image.spatial_shape)
            check_room(
                paths.probabilities.parent,
                values * BYTES_PER_PROBABILITY,
                what=f"The probabilities of {image.name} need about",
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
