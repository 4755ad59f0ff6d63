"""One image, from pixels to files: probabilities, labels, objects and a table.

The command line runs these steps on each of its images, and so can Python. The docks
get probabilities from the engine process plane by plane; from there on they use the
same functions for labels (`labels.clean_up`), objects and tables (`objects.found`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.files.probabilities import write_probabilities
from napari_garage_unet.engine.files.writing import write_segmentation
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.rules import SplitBy
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.objects.found import FoundObjects, find_objects
from napari_garage_unet.engine.objects.instances import needs_probabilities
from napari_garage_unet.engine.objects.tables import Table, n_rows


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """What is made of an image besides its labels.

    Parameters
    ----------
    probabilities
        Keep the probabilities.
    objects
        Find objects.
    split
        Split touching objects of every class; otherwise the rules of the model say of
        which.
    split_by
        What every class is split by; None leaves it to the rules of the model.
    """

    probabilities: bool = False
    objects: bool = False
    split: bool = False
    split_by: SplitBy | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SegmentedImage:
    """An image and what was made of it.

    Parameters
    ----------
    image
        The image.
    labels
        ``(*spatial)`` class ids, uint8 or uint16; 0 where no class reaches its
        threshold.
    probabilities
        ``(n_classes, *spatial)`` float32 from 0 to 1; None unless they were asked for
        or objects were split by them.
    objects
        Its objects; None unless they were asked for.
    """

    image: Image
    labels: NDArray[np.unsignedinteger[Any]]
    probabilities: NDArray[np.float32] | None = None
    objects: FoundObjects | None = None


@dataclass(frozen=True, slots=True)
class OutputPaths:
    """Where the results of one image go.

    Parameters
    ----------
    segmentation
        File of the labels, or OME-Zarr folder.
    probabilities, objects
        TIFF files; None leaves them out.
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
        Its rules decide on labels and objects.
    image
        The image.
    options
        What to make besides labels; nothing by default.

    Raises
    ------
    InputError
        If the image does not fit the model.
    """
    options = options or PipelineOptions()
    weighed = options.objects and needs_probabilities(
        model.classes, model.rules, split=options.split, split_by=options.split_by
    )
    probabilities = None
    if options.probabilities or weighed:
        probabilities = model.predict_proba(image)
        labels = model.decide(probabilities, image=image)
    else:
        # Plane by plane, which needs no room for all probabilities at once.
        labels = model.segment(image)
    found = None
    if options.objects:
        found = find_objects(
            labels,
            model.classes,
            image,
            rules=model.rules,
            probabilities=probabilities,
            split=options.split,
            split_by=options.split_by,
        )
    return SegmentedImage(image, labels, probabilities, found)


def write_outputs(segmented: SegmentedImage, paths: OutputPaths) -> None:
    """Write what was made of an image, each file all or nothing.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    image = segmented.image
    if paths.probabilities is not None and segmented.probabilities is not None:
        write_probabilities(paths.probabilities, segmented.probabilities, like=image)
    write_segmentation(paths.segmentation, segmented.labels, like=image)
    if paths.objects is not None and segmented.objects is not None:
        write_segmentation(paths.objects, segmented.objects.ids, like=image)


def image_table(segmented: SegmentedImage) -> Table:
    """Measure the objects of an image, with its name in the column ``image``.

    Returns
    -------
    dict
        Columns of equal length; ``image`` alone, and empty, where no objects were
        found.
    """
    columns = {} if segmented.objects is None else segmented.objects.table
    names = np.full(n_rows(columns), segmented.image.name, object)
    return {"image": names, **columns}
