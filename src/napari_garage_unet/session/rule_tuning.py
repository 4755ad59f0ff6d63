"""Changing the rules of results: the plane on view at once, the others bit by bit."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from typing import Any

from napari_garage_unet.engine.rules import ClassRule

from .result import Result
from .result_list import ResultList

DECIDE_SECONDS = 0.01
"""How long deciding planes in the background may take between two frames."""


class RuleTuning:
    """Applies thresholds and the other rules of classes to results.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    results
        The results, which share the rules of their model.
    """

    def __init__(self, viewer: Any, results: ResultList) -> None:
        self._viewer = viewer
        self._results = results
        self._deciding: Iterator[Any] | None = None

    def tune(self, result: Result, class_id: int, rule: ClassRule) -> None:
        """Change the rule of a class; the plane on view follows at once."""
        index = result.bound.plane_on_view(self._viewer)
        self._results.tune(result, index, class_id, rule)

    def prepare(self, result: Result, class_id: int) -> None:
        """Get ready for a slider of a class to be moved."""
        result.prepare(result.bound.plane_on_view(self._viewer), class_id)

    def set_rules(self, result: Result, rules: Mapping[int, ClassRule]) -> None:
        """Change the rules of all classes; classes left out get the default."""
        for class_id in result.class_ids:
            self.tune(result, class_id, rules.get(class_id, ClassRule()))
        self.apply_to_all_planes(result)

    def reset_rules(self, result: Result) -> None:
        """Give every class of a result the default rule again."""
        self._results.reset(result)
        result.decide_plane(result.bound.plane_on_view(self._viewer))
        self.apply_to_all_planes(result)

    def apply_to_all_planes(self, result: Result) -> None:
        """Decide every plane of a result with its present rules, bit by bit.

        Other results of the same model follow.
        """
        others = [r for r in self._results.of_model(result.model) if r is not result]
        self._deciding = itertools.chain.from_iterable(
            each.decide_rest() for each in (result, *others) if each.undecided
        )

    def poll(self) -> None:
        """Decide some more planes."""
        if self._deciding is None:
            return
        end = time.monotonic() + DECIDE_SECONDS
        for _ in self._deciding:
            if time.monotonic() > end:
                return
        self._deciding = None
