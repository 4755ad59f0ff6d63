"""Objects of results: a layer with one id per object, and their table.

Objects are those of the planes that are segmented. When more planes come, or planes are
segmented again, they are found again by themselves.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from psygnal import Signal

from napari_garage_unet.engine.annotations.fitting import in_shape
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.objects import found as engine_objects
from napari_garage_unet.engine.objects.tables import Table
from napari_garage_unet.layers.metadata import mark_result
from napari_garage_unet.layers.writing import free_name, insert_quietly, redraw
from napari_garage_unet.session.background import Tasks

from .probability_store import PlaneState
from .result import Result

SECONDS_BETWEEN_RENEWALS = 1.0
"""Time for which new planes are collected, at least, before objects are found again."""

PAUSE_PER_SECOND_OF_WORK = 3.0
"""The same as a multiple of what finding took last."""


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredObjects:
    """Ids and tables of `engine.objects.found.FoundObjects`, all computed.

    Made in a thread, so that showing them costs the window no measurement.

    Parameters
    ----------
    ids
        ``(*spatial)`` int32, 0 outside of objects.
    table
        A row per object: ``class``, then the columns of `measure`.
    totals
        A row per class: ``class``, ``area`` or ``volume``, ``fraction`` (of the pixels
        of planes that are segmented), ``count``.
    image
        The image as it was measured: its pixel size, place and unit of that moment.
    """

    ids: NDArray[np.int32]
    table: Table
    totals: Table
    image: Image


class ObjectSet:
    """The objects of one result.

    Attributes
    ----------
    layer
        Labels layer with an id per object; the table is in its ``features``.
    plane_states
        The planes that were segmented when the objects were found, each with the state
        of its model.
    asked_states
        Those of the newest planes in which objects were or are being looked for.
    """

    def __init__(self, result: Result, layer: Labels, found: MeasuredObjects) -> None:
        self.result = result
        self.layer = layer
        self.table = found.table
        self.totals = found.totals
        self.image = found.image
        self.plane_states: Mapping[PlaneIndex, PlaneState] = {}
        self.asked_states: Mapping[PlaneIndex, PlaneState] = {}

    @property
    def n_planes(self) -> int:
        """Number of planes that were segmented when the objects were found."""
        return len(self.plane_states)

    @property
    def n_all_planes(self) -> int:
        """Number of planes of the image."""
        return len(list(self.result.image.plane_indices()))

    @property
    def is_outdated(self) -> bool:
        """Whether the image has another pixel size or place than when measured."""
        return self.image is not self.result.image


class ObjectList:
    """Finds objects in the background and keeps their layers.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    tasks
        Runs the work.

    Attributes
    ----------
    changed
        Objects were found, or their layer was deleted.
    selected
        Another object is selected in a layer of objects.
    """

    changed = Signal()
    selected = Signal()

    def __init__(self, viewer: Any, tasks: Tasks) -> None:
        self._viewer = viewer
        self._tasks = tasks
        self._sets: list[ObjectSet] = []
        self._wanted: Result | None = None
        self._began = 0.0
        self._renew_after = 0.0
        viewer.layers.events.removed.connect(self._on_removed)

    @property
    def newest(self) -> ObjectSet | None:
        """The objects that were found last."""
        return self._sets[0] if self._sets else None

    @property
    def is_busy(self) -> bool:
        """Whether objects are being found."""
        return self._wanted is not None or "objects" in self._tasks

    def of_result(self, result: Result) -> ObjectSet | None:
        """The objects of a result."""
        return next((s for s in self._sets if s.result is result), None)

    def find(self, result: Result) -> None:
        """Find the objects of a result, once all its planes show the present rules."""
        self._wanted = result
        self.poll()
        self.changed.emit()

    def poll(self) -> None:
        """Begin to find objects that have waited for planes, or again for new ones."""
        if self._wanted is None:
            self._wanted = self._with_new_planes()
        result = self._wanted
        if result is None or result.n_outdated:
            return
        self._wanted = None
        self._began = time.monotonic()
        states = result.plane_states
        before = self.of_result(result)
        if before is not None:
            before.asked_states = states
        labels = np.array(result.pixels)
        shape = result.image.spatial_shape
        old = None if before is None else in_shape(before.layer.data, shape)
        self._tasks.run(
            "objects",
            lambda: find_objects(result, labels, old, n_planes=len(states)),
            done=lambda found: self._show(result, found, states),
        )

    def close(self) -> None:
        """Disconnect from the viewer."""
        with contextlib.suppress(ReferenceError):
            self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._sets.clear()

    def _with_new_planes(self) -> Result | None:
        """Return a result of which other planes are segmented than objects show."""
        if "objects" in self._tasks or time.monotonic() < self._renew_after:
            return None
        for shown in self._sets:
            result = shown.result
            is_there = result.layer in self._viewer.layers
            if is_there and result.plane_states != shown.asked_states:
                return result
        return None

    def _show(
        self,
        result: Result,
        found: MeasuredObjects,
        states: Mapping[PlaneIndex, PlaneState],
    ) -> None:
        now = time.monotonic()
        self._renew_after = now + max(
            SECONDS_BETWEEN_RENEWALS, PAUSE_PER_SECOND_OF_WORK * (now - self._began)
        )
        if result.layer not in self._viewer.layers:
            return
        shown = self.of_result(result)
        if shown is None:
            name = free_name(self._viewer, f"objects of {result.annotated.name}")
            layer = Labels(
                in_shape(found.ids, result.layer.data.shape),
                name=name,
            )
            mark_result(layer, {"kind": "objects"})
            result.annotated.placed.add(layer)
            layer.editable = False
            layer.mouse_drag_callbacks.append(_select_clicked)
            layer.events.selected_label.connect(self._on_selected)
            insert_quietly(self._viewer, layer)
            shown = ObjectSet(result, layer, found)
        else:
            self._sets.remove(shown)
            shown.layer.data[...] = in_shape(found.ids, shown.layer.data.shape)
            shown.table, shown.totals = found.table, found.totals
            shown.image = found.image
            redraw(shown.layer)
        shown.plane_states = shown.asked_states = states
        shown.layer.features = {
            "index": found.table.get("label", np.empty(0, int)),
            **found.table,
        }
        self._sets.insert(0, shown)
        self.changed.emit()

    def _on_selected(self, event: Any) -> None:
        self.selected.emit()

    def _on_removed(self, event: Any) -> None:
        if self._wanted is not None and self._wanted.layer is event.value:
            self._wanted = None
            self.changed.emit()
        kept = [s for s in self._sets if s.layer is not event.value]
        if len(kept) != len(self._sets):
            self._sets = kept
            self.changed.emit()


def find_objects(
    result: Result,
    labels: NDArray[Any],
    old: NDArray[np.int32] | None = None,
    *,
    n_planes: int | None = None,
) -> MeasuredObjects:
    """Find and measure the objects of a result.

    Parameters
    ----------
    result
        Has the classes, rules, probabilities and the image.
    labels
        ``(*spatial)`` class ids of the result.
    old
        ``(*spatial)`` ids of objects found before, which those still there keep.
    n_planes
        Number of planes that are segmented; the others do not count. All by default.
    """
    image = result.image  # one for all, as this runs in a thread while it may move
    found = engine_objects.find_objects(
        labels,
        result.classes,
        image,
        rules=result.rules,
        probabilities=result.kept_probabilities,
    )
    if old is not None:
        found = found.renumbered_like(old)
    totals = dict(found.totals)
    if n_planes:
        share = n_planes / len(list(image.plane_indices()))
        totals["fraction"] = np.asarray(totals["fraction"], float) / share
    return MeasuredObjects(found.ids, found.table, totals, image)


def _select_clicked(layer: Labels, event: Any) -> None:
    """Select the object under the mouse."""
    if layer.mode != "pan_zoom":
        return
    value = layer.get_value(
        event.position,
        view_direction=event.view_direction,
        dims_displayed=event.dims_displayed,
        world=True,
    )
    if value:
        layer.selected_label = int(value)
