"""Labels that follow a slider.

`LiveLabels` keeps the probabilities on view and gives exactly the labels of
`apply_rules`, a few milliseconds after a rule has changed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.probabilities import check_probabilities, without_data

from .assign import Labels, apply_hysteresis, decision_step, label_dtype
from .one_vs_rest import OneVsRest
from .region_rules import changeable_regions, clean_regions
from .regions import CLOSED, OpenEnds, Regions, find_regions
from .rules import (
    ClassRule,
    Rules,
    id_without_data,
    resolve_class_ids,
    resolve_rules,
)
from .smoothing import smooth_classes


class LiveLabels:
    """Labels of a plane or volume under changing rules.

    Parameters
    ----------
    probabilities
        ``(n_classes, *spatial)`` float from 0 to 1, or uint8 from `quantize`, which is
        not copied if it is C-contiguous.
    rules, class_ids
        See `assign_labels`.
    out
        ``(*spatial)`` C-contiguous array of the labels' dtype that is written to, for
        instance that of a viewer's layer; a new one by default.
    spacing, open_ends
        See `apply_rules`. All spatial axes connect.

    Attributes
    ----------
    labels
        ``(*spatial)`` uint8 or uint16; always the same array, changed by `update`.
    rules
        Rule of each class.
    class_ids
        Id of each class.

    Raises
    ------
    InputError
        If shapes, ids or values do not fit.
    ValueError
        If `out` has another shape or dtype than the labels.
    """

    def __init__(
        self,
        probabilities: npt.NDArray[np.generic],
        rules: Rules = None,
        *,
        class_ids: Sequence[int] | None = None,
        out: Labels | None = None,
        spacing: Sequence[float] | None = None,
        open_ends: OpenEnds = CLOSED,
    ) -> None:
        levels = check_probabilities(probabilities)
        self.class_ids = resolve_class_ids(class_ids, len(levels))
        self.rules = resolve_rules(rules, self.class_ids)
        self._rows = np.ascontiguousarray(levels).reshape(len(levels), -1)
        self._shape = levels.shape[1:]
        self._no_data = without_data(levels)
        self._spacing, self._open_ends = spacing, open_ends
        dtype = label_dtype(self.class_ids)
        self.labels: Labels = np.empty(self._shape, dtype) if out is None else out
        if self.labels.shape != self._shape or self.labels.dtype != dtype:
            raise ValueError(f"out has to be {dtype} of shape {self._shape}")
        self._assigned = np.empty(self._rows.shape[1], dtype)
        self._wins = np.empty(self._rows.shape[1], bool)
        self._regions: Regions | None = None
        self._smoothed: npt.NDArray[np.unsignedinteger] | None = None
        self._one_vs_rest = OneVsRest(
            self._rows, self._shape, self.rules, self.class_ids, 0
        )
        self._assign()
        self._clean()

    @property
    def runs(self) -> int:
        """Number of runs of equal labels; 0 while no rule fills or removes regions.

        The time of an update, beyond one comparison per pixel, is proportional to it.
        """
        return 0 if self._regions is None else self._regions.run_starts.size

    def prepare(self, class_id: int) -> None:
        """Compute the one-vs-rest thresholds of a class before its slider moves.

        Takes some 10 ms for 2048 x 2048 pixels. `update` does it if it has not been
        done for its class.
        """
        index = self.class_ids.index(class_id)
        if self._one_vs_rest.index != index:
            self._one_vs_rest = OneVsRest(
                self._rows, self._shape, self.rules, self.class_ids, index
            )

    def update(self, class_id: int, rule: ClassRule) -> Labels:
        """Change the rule of one class.

        Parameters
        ----------
        class_id
            One of `class_ids`.
        rule
            Its new rule.

        Returns
        -------
        ndarray
            `labels`, changed in place.
        """
        index = self.class_ids.index(class_id)
        before = self.rules[index]
        self.rules = (*self.rules[:index], rule, *self.rules[index + 1 :])
        if (before.threshold, before.low) != (rule.threshold, rule.low):
            self.prepare(class_id)
            self._assign()
        elif not before.gives_same_labels_as(rule):
            self._forget_shapes()
        else:
            return self.labels
        self._clean()
        return self.labels

    def _assign(self) -> None:
        """Assign labels by the thresholds."""
        one_vs_rest = self._one_vs_rest
        rule = self.rules[one_vs_rest.index]
        step = decision_step(rule, len(self.class_ids))
        np.greater_equal(one_vs_rest.limits, np.uint16(step), out=self._wins)
        if rule.low is not None:
            row = self._rows[one_vs_rest.index].reshape(self._shape)
            self._wins &= (
                apply_hysteresis(row, rule, len(self.class_ids)).reshape(-1) > 0
            )
        np.multiply(self._wins, one_vs_rest.swap, out=self._assigned)
        np.bitwise_xor(self._assigned, one_vs_rest.rest, out=self._assigned)
        self._forget_shapes()

    def _forget_shapes(self) -> None:
        """Drop the smoothed labels and their regions."""
        self._regions = self._smoothed = None

    def _clean(self) -> None:
        """Smooth and clean the assigned labels, into `labels`."""
        if self._smoothed is None:
            self._smoothed = self._assigned.reshape(self._shape)
            if any(rule.smooth for rule in self.rules):
                self._smoothed = self._smoothed.copy()
                smooth_classes(
                    self._smoothed, self.rules, self.class_ids, self._spacing
                )
        np.copyto(self.labels, self._smoothed)
        if self.labels.size and any(r.fill_holes or r.removes for r in self.rules):
            if self._regions is None:
                self._regions = find_regions(
                    self._smoothed,
                    changeable=changeable_regions(self.rules, self.class_ids),
                    open_ends=self._open_ends,
                )
            labels = clean_regions(self._regions, self.rules, self.class_ids)
            self._regions.paint(labels, self.labels)
        if self._no_data is not None:
            self.labels[self._no_data] = id_without_data(self.rules, self.class_ids)
