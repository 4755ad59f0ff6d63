"""The objects of one segmentation: ids, counts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.rules import ClassRule, SplitBy

from .instances import class_objects, objects_table, totals_table
from .relabel import relabel_like
from .tables import Table


@dataclass(frozen=True, eq=False)
class FoundObjects:
    """Objects of all classes of an image but the background.

    Ids, counts and tables are computed at their first use.

    Parameters
    ----------
    image
        Image that was segmented; gives axes, spacing and intensities.
    classes
        Its classes, the background included.
    labels
        ``(*spatial)`` class ids.
    by_class
        ``(*spatial)`` int32 object ids by class id, 0 where there is no object. An id
        occurs in one class only.
    """

    image: Image
    classes: tuple[ClassInfo, ...]
    labels: NDArray[np.unsignedinteger[Any]]
    by_class: Mapping[int, NDArray[np.int32]]

    @cached_property
    def ids(self) -> NDArray[np.int32]:
        """``(*spatial)`` int32 id of the object at each pixel, 0 outside objects."""
        ids = np.zeros(self.labels.shape, np.int32)
        for part in self.by_class.values():
            ids += part
        return ids

    @cached_property
    def counts(self) -> dict[int, int]:
        """Number of objects by class id."""
        return {i: len(np.unique(ids[ids > 0])) for i, ids in self.by_class.items()}

    @cached_property
    def table(self) -> Table:
        """One row per object and time point, see `instances.objects_table`."""
        return objects_table(self.by_class, self.classes, self.image)

    @cached_property
    def totals(self) -> Table:
        """One row per class, see `instances.totals_table`."""
        class_ids = [info.id for info in self.classes]
        return totals_table(self.labels, self.by_class, class_ids, self.image)

    def renumbered_like(self, old: NDArray[np.integer[Any]]) -> FoundObjects:
        """Return these objects with the ids of the earlier objects they overlap most.

        Parameters
        ----------
        old
            ``(*spatial)`` ids of the earlier objects, see `relabel_like`.
        """
        ids = relabel_like(self.ids, old)
        by_class = {i: np.where(p > 0, ids, 0) for i, p in self.by_class.items()}
        return FoundObjects(self.image, self.classes, self.labels, by_class)


def find_objects(
    labels: NDArray[np.unsignedinteger[Any]],
    classes: Sequence[ClassInfo],
    image: Image,
    *,
    rules: Mapping[int, ClassRule] | None = None,
    probabilities: NDArray[Any] | None = None,
    split: bool = False,
    split_by: SplitBy | None = None,
) -> FoundObjects:
    """Find the objects of a segmentation.

    Parameters
    ----------
    labels, classes, image, rules, probabilities, split, split_by
        See `instances.class_objects`.

    Raises
    ------
    InputError
        If probabilities are needed and not given.
    """
    by_class = class_objects(
        labels,
        classes,
        image,
        rules=rules,
        probabilities=probabilities,
        split=split,
        split_by=split_by,
    )
    return FoundObjects(image, tuple(classes), labels, by_class)
