"""Seeds from which touching objects are split, shown while splitting is tuned."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Points
from numpy.typing import NDArray
from psygnal import Signal

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.engine.objects.seeds import SeedFinder
from napari_garage_unet.layers.matching import spare_dim
from napari_garage_unet.layers.metadata import METADATA_KEY
from napari_garage_unet.layers.writing import free_name, insert_quietly
from napari_garage_unet.session.background import Tasks
from napari_garage_unet.session.problems import Problem
from napari_garage_unet.session.results.result import Result

RELATIVE_DOT_SIZES = {0: 1.0, 1: 0.6, 2: 0.35}
"""Size of the dot of a seed by the number of planes it lies away."""

MAX_SEED_VOXELS = 1 << 23
"""Voxels in which seeds are found at most; of a larger volume those around the view."""


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """The labels in which seeds are found.

    Parameters
    ----------
    key
        Where they lie in the layer's array.
    labels
        ``(H, W)``, or ``(D, H, W)`` of a volume.
    spacing
        World units between pixels along each of these axes.
    probabilities
        Those of the class, of the same shape; None where its outline alone counts.
    """

    key: tuple[Any, ...]
    labels: NDArray[Any]
    spacing: tuple[float, ...]
    probabilities: NDArray[np.uint8] | None


class SeedPreview:
    """Keeps a Points layer with the seeds of one class of a result.

    Seeds are found in a thread: those of the plane on view, or of the volume it is
    part of. Nothing is selected or moved; `hide` removes the layer.

    Parameters
    ----------
    viewer
        A `ViewerModel`.

    Attributes
    ----------
    layer
        The Points layer; None while there is none.
    seeds
        ``(n, n_axes)`` pixel of each seed, int64. In a volume the layer has smaller
        dots for each in the planes beside it.
    changed
        Other seeds are shown, or none any more.
    dismissed
        The layer was deleted by a person.
    tasks
        Finds the seeds.
    """

    changed = Signal()
    dismissed = Signal()

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._wanted: tuple[Result, int] | None = None
        self._is_stale = False
        self._finder: tuple[_View, int, SeedFinder] | None = None
        self.layer: Points | None = None
        self.seeds = np.empty((0, 2), np.int64)
        self.tasks = Tasks()
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.dims.events.current_step.connect(self._on_moved)

    @property
    def is_up_to_date(self) -> bool:
        """Whether the seeds that are shown are those of the present rules."""
        return not self._is_stale and "seeds" not in self.tasks

    def show(self, result: Result, class_id: int) -> None:
        """Show the seeds of a class from now on."""
        if self._wanted != (result, class_id):
            self._follow(None)
            self._follow((result, class_id))
        self._is_stale = True

    def hide(self) -> None:
        """Remove the layer."""
        self._follow(None)
        self._remove()

    def poll(self) -> None:
        """Show the seeds that were found; find them again after a change."""
        self.tasks.poll()
        if self._wanted is None or not self._is_stale or "seeds" in self.tasks:
            return
        result, class_id = self._wanted
        if result.image.stack_axes.endswith("z") and result.n_outdated:
            return  # the other planes of the volume are on their way
        self._is_stale = False
        try:
            view = self._view(result, class_id)
        except GarageError as error:
            self.tasks.failed.emit(Problem(str(error)))
            return
        distance = result.rule(class_id).split_distance
        wanted = self._wanted
        self.tasks.run(
            "seeds",
            lambda: self._find(view, class_id, distance),
            done=lambda seeds: self._show(wanted, seeds),
        )

    def close(self) -> None:
        """Disconnect from the viewer."""
        self._follow(None)
        self.tasks.close()
        with contextlib.suppress(ReferenceError):
            self._viewer.layers.events.removed.disconnect(self._on_removed)
            self._viewer.dims.events.current_step.disconnect(self._on_moved)

    # -- within -------------------------------------------------------------------

    def _follow(self, wanted: tuple[Result, int] | None) -> None:
        if self._wanted is not None:
            before = self._wanted[0]
            before.changed.disconnect(self._on_result, missing_ok=True)
            before.rules_changed.disconnect(self._on_result, missing_ok=True)
        self._wanted = wanted
        self._finder = None
        if wanted is not None:
            wanted[0].changed.connect(self._on_result)
            wanted[0].rules_changed.connect(self._on_result)

    def _view(self, result: Result, class_id: int) -> _View:
        image = result.image
        index = result.annotated.plane_on_view(self._viewer)
        key = list(image.spatial_key(index))
        if image.stack_axes.endswith("z"):
            axis = image.spatial_axes.index("z")
            depth = image.spatial_shape[axis]
            around = max(MAX_SEED_VOXELS // int(np.prod(image.plane_shape)), 1)
            first = int(np.clip(index[-1] - around // 2, 0, max(depth - around, 0)))
            key[axis] = slice(first, min(first + around, depth))
        spacing = tuple(
            step
            for part, step in zip(key, image.spacing, strict=True)
            if isinstance(part, slice)
        )
        place = tuple(key)
        levels = None
        if result.rule(class_id).split_by == "probability":
            row = result.class_ids.index(class_id)
            levels = np.array(result.kept_probabilities[(row, *place)])
        return _View(place, np.array(result.pixels[place]), spacing, levels)

    def _find(
        self, view: _View, class_id: int, distance: float | None
    ) -> NDArray[np.int64]:
        """Find the seeds; the distance transform is kept while the labels stay."""
        kept = self._finder
        if kept is not None and kept[1] == class_id and _is_same(kept[0], view):
            finder = kept[2]
        else:
            finder = SeedFinder(
                view.labels == class_id,
                probabilities=view.probabilities,
                spacing=view.spacing,
            )
            self._finder = (view, class_id, finder)
        found = finder.find(distance).points
        seeds = np.empty((len(found), len(view.key)), np.int64)
        column = 0
        for axis, part in enumerate(view.key):
            if isinstance(part, slice):
                seeds[:, axis] = found[:, column] + (part.start or 0)
                column += 1
            else:
                seeds[:, axis] = part
        return seeds

    def _show(self, wanted: tuple[Result, int], seeds: NDArray[np.int64]) -> None:
        result, _ = wanted
        if wanted != self._wanted or result.layer not in self._viewer.layers:
            return
        if self.layer is not None and (
            self.layer.metadata[METADATA_KEY]["of"] != result.name
        ):
            self._remove()
        if self.layer is None:
            self.layer = self._insert(result)
        points, sizes = _dots(result, seeds)
        self.seeds = seeds
        at = spare_dim(result.annotated.layer)
        self.layer.data = points if at is None else np.insert(points, at, 0, axis=1)
        self.layer.size = sizes
        self.layer.editable = False
        self.changed.emit()

    def _insert(self, result: Result) -> Points:
        layer = Points(
            ndim=result.layer.ndim,
            name=free_name(self._viewer, f"seeds of {result.annotated.name}"),
            symbol="disc",
            face_color="white",
            border_color="black",
            border_width=0.2,
            metadata={METADATA_KEY: {"kind": "seeds", "of": result.name}},
        )
        result.annotated.placed.add(layer)
        insert_quietly(self._viewer, layer)
        return layer

    def _remove(self) -> None:
        layer, self.layer = self.layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
            self.changed.emit()

    def _on_result(self) -> None:
        self._is_stale = True

    def _on_moved(self) -> None:
        self._is_stale = True

    def _on_removed(self, event: Any) -> None:
        if self._wanted is not None and event.value is self._wanted[0].layer:
            self.hide()
        elif self.layer is not None and event.value is self.layer:
            self.layer = None
            self._follow(None)
            self.dismissed.emit()


def _is_same(one: _View, other: _View) -> bool:
    if one.key != other.key or not np.array_equal(one.labels, other.labels):
        return False
    if one.probabilities is None or other.probabilities is None:
        return one.probabilities is other.probabilities
    return np.array_equal(one.probabilities, other.probabilities)


def _dots(
    result: Result, seeds: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return positions and sizes of the dots that are drawn for seeds."""
    image = result.image
    size = float(np.clip(min(image.plane_shape) / 100, 3, 15))
    if not image.stack_axes.endswith("z"):
        return seeds.astype(float), np.full(len(seeds), size)
    axis = image.spatial_axes.index("z")
    points, sizes = [], []
    for away, share in RELATIVE_DOT_SIZES.items():
        for step in {away, -away}:
            dots = seeds.astype(float)
            dots[:, axis] += step
            inside = (dots[:, axis] >= 0) & (dots[:, axis] < image.spatial_shape[axis])
            points.append(dots[inside])
            sizes.append(np.full(np.count_nonzero(inside), size * share))
    return np.concatenate(points), np.concatenate(sizes)
