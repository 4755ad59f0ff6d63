"""The steps from one image to its files: probabilities, labels, objects and a table.

The command line runs these steps for each image; they can also be called from Python.
The docks get probabilities plane by plane from the engine process, then use the same
functions for labels (`labels.clean_up`), objects and tables (`objects.found`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.palette import color_for
from napari_garage_unet.engine.files.label_classes import LabelClass
from napari_garage_unet.engine.files.probabilities import write_probabilities
from napari_garage_unet.engine.files.writing import write_segmentation
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.rules import SplitBy
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.objects.found import FoundObjects, find_objects
from napari_garage_unet.engine.objects.instances import (
    needs_probabilities,
    splitting_rules,
)
from napari_garage_unet.engine.objects.table_units import rows_of_image
from napari_garage_unet.engine.objects.tables import Table


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """Results besides labels.

    Parameters
    ----------
    probabilities
        Whether the result has the probabilities.
    objects
        Whether the result has the objects.
    split
        Whether touching objects of all classes are split; if not, those of the classes
        are whose `ClassRule.split` is set.
    split_by
        Relief in which touching objects of all classes are split, see `SplitBy`; None
        takes the `ClassRule.split_by` of each class.
    """

    probabilities: bool = False
    objects: bool = False
    split: bool = False
    split_by: SplitBy | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SegmentedImage:
    """An image and its results.

    Parameters
    ----------
    image
        The image.
    labels
        ``(*spatial)`` class ids, uint8 or uint16; 0 where no class reaches its
        threshold.
    probabilities
        ``(n_classes, *spatial)`` float32 from 0 to 1; None unless they are kept or
        objects are split by them.
    objects
        Its objects; None unless they were found.
    classes
        The classes of the labels, in the order of the probabilities.
    """

    image: Image
    labels: NDArray[np.unsignedinteger[Any]]
    probabilities: NDArray[np.float32] | None = None
    objects: FoundObjects | None = None
    classes: tuple[ClassInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class OutputPaths:
    """Paths of the results of one image.

    Parameters
    ----------
    segmentation
        File of the labels, or OME-Zarr folder.
    probabilities, objects
        TIFF files; None to leave them out.
    """

    segmentation: Path
    probabilities: Path | None = None
    objects: Path | None = None


def segment_image(
    model: Model, image: Image, options: PipelineOptions | None = None
) -> SegmentedImage:
    """Segment one image.

    Parameters
    ----------
    model
        Model whose network and rules are used.
    image
        Image to segment.
    options
        Results besides labels; none by default.

    Raises
    ------
    InputError
        If the image does not fit the model.
    """
    options = options or PipelineOptions()
    try:
        return _segment(model, image, options)
    finally:
        # The next image of a batch finds the room that this one had.
        model.predictor.forget(image)


def _segment(model: Model, image: Image, options: PipelineOptions) -> SegmentedImage:
    if options.objects:
        model = model.with_rules(
            splitting_rules(
                model.classes,
                model.rules,
                split=options.split,
                split_by=options.split_by,
            )
        )
    split_needs_probabilities = options.objects and needs_probabilities(
        model.classes, model.rules
    )
    probabilities = None
    if options.probabilities or split_needs_probabilities:
        probabilities = model.predict_proba(image)
        labels = model.decide(probabilities, image=image)
    else:
        # Plane by plane, without the memory for all probabilities at once.
        labels = model.segment(image)
    found = None
    if options.objects:
        found = find_objects(
            labels,
            model.classes,
            image,
            rules=model.rules,
            probabilities=probabilities,
        )
    return SegmentedImage(image, labels, probabilities, found, tuple(model.classes))


def write_outputs(segmented: SegmentedImage, paths: OutputPaths) -> None:
    """Write the results of an image; each file is written as a whole.

    Parameters
    ----------
    segmented
        Image with its results.
    paths
        Where to write them; results without a path are left out.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    image = segmented.image
    if paths.probabilities is not None and segmented.probabilities is not None:
        names = [info.name for info in segmented.classes]
        write_probabilities(
            paths.probabilities, segmented.probabilities, like=image, names=names
        )
    classes = [
        LabelClass(info.id, info.name, info.color or color_for(info.id))
        for info in segmented.classes
    ]
    write_segmentation(
        paths.segmentation, segmented.labels, like=image, classes=classes
    )
    if paths.objects is not None and segmented.objects is not None:
        write_segmentation(paths.objects, segmented.objects.ids, like=image)


def image_table(segmented: SegmentedImage, *, name: str = "") -> Table:
    """Measure the objects of an image.

    Parameters
    ----------
    segmented
        Image with its objects.
    name
        What the column ``image`` calls it; its own name by default.

    Returns
    -------
    dict
        Columns of equal length, ``image`` and ``unit`` first; only those, without rows,
        if there are no objects.
    """
    columns = {} if segmented.objects is None else segmented.objects.table
    image = segmented.image
    return rows_of_image(columns, image, name=name or image.name)
