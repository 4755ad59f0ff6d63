"""Labels of planes that show older rules are assigned anew in a thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from napari_garage_unet.engine.images.image import PlaneIndex
from napari_garage_unet.session.background import Tasks
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.results.result_list import ResultList

MAX_BATCH_SECONDS = 0.02
"""Seconds after which the labels of a batch of planes are written into the layer."""

SETTLING_SECONDS = 0.2
"""Seconds without another plane of a volume after which its labels are assigned."""


class BackgroundLabels:
    """Applies the rules of results to every plane, the one on view first.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    results
        The results; deleted ones are left out.

    Attributes
    ----------
    tasks
        Runs the assignment; nothing else waits there.
    """

    def __init__(self, viewer: Any, results: ResultList) -> None:
        self._viewer = viewer
        self._waiting: list[Result] = []
        self._results = results
        self.tasks = Tasks()
        results.removed.connect(self._on_removed)

    def apply(self, results: Sequence[Result]) -> None:
        """Assign the labels of all outdated planes, before what has been waiting."""
        wanted = [result for result in results if result.n_outdated]
        self._waiting = wanted + [r for r in self._waiting if r not in wanted]
        self.poll()

    def poll(self) -> None:
        """Write the labels that are ready and begin with the next planes."""
        self.tasks.poll()
        for result in self._results:
            since = result.outdated_since
            if since is not None and time.monotonic() - since > SETTLING_SECONDS:
                result.outdated_since = None
                self._waiting = [r for r in self._waiting if r is not result]
                self._waiting.append(result)
        while self._waiting and not self._waiting[0].n_outdated:
            self._waiting.pop(0).redraw()
        if self._waiting and "assign" not in self.tasks:
            self._begin(self._waiting[0])

    def close(self) -> None:
        """Begin nothing more."""
        self._waiting.clear()
        self.tasks.close()

    def _begin(self, result: Result) -> None:
        here = result.annotated.plane_on_view(self._viewer)
        indices = sorted(result.outdated_planes, key=lambda i: _distance(i, here))
        version = result.version
        self.tasks.run(
            "assign",
            lambda: _assign(result, indices, version),
            done=lambda assigned: self._show(result, assigned, version, here),
        )

    def _show(
        self,
        result: Result,
        assigned: dict[PlaneIndex, Any],
        version: int,
        here: PlaneIndex,
    ) -> None:
        if result.version != version or result not in self._waiting:
            return
        for index, labels in assigned.items():
            if index in result.outdated_planes:
                result.show(index, labels, refresh=index == here)

    def _on_removed(self, result: Result) -> None:
        self._waiting = [r for r in self._waiting if r is not result]


def _assign(
    result: Result, indices: Sequence[PlaneIndex], version: int
) -> dict[PlaneIndex, Any]:
    assigned: dict[PlaneIndex, Any] = {}
    end = time.monotonic() + MAX_BATCH_SECONDS
    for index in indices:
        if index in assigned:
            continue
        assigned.update(result.assign(index))
        if result.version != version:
            return {}
        if time.monotonic() > end:
            break
    return assigned


def _distance(index: PlaneIndex, here: PlaneIndex) -> tuple[int, PlaneIndex]:
    return sum(abs(a - b) for a, b in zip(index, here, strict=True)), index
