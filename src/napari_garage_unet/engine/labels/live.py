"""BackgroundLabels again while a slider moves.

`LiveLabels` keeps the probabilities of what is on view and gives exactly the labels of
`apply_rules`, a few milliseconds after a rule has changed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.probabilities import check_probabilities

from .assign import Labels, apply_hysteresis, decision_step, label_dtype
from .one_vs_rest import OneVsRest
from .region_rules import changeable_regions, clean_regions
from .regions import CLOSED, OpenEnds, Regions, find_regions
from .rules import ClassRule, Rules, resolve_class_ids, resolve_rules
from .smoothing import smooth_classes


class LiveLabels:
    """The labels of a plane under rules that change.

    Parameters
    ----------
    probabilities
        ``(n_classes, *plane)`` float, or uint8 as from `quantize`, which is not copied
        when it is C-contiguous. A volume has one more axis.
    rules, class_ids
        See `assign_labels`.
    out
        ``(*plane)`` C-contiguous array of the labels' dtype to write into, for instance
        that of a viewer's layer; made when left out.
    spacing, open_ends
        See `apply_rules`; of a volume some planes may be looked at alone.

    Attributes
    ----------
    labels
        ``(*plane)`` uint8 or uint16. Always the same array; `update` writes into it.
    rules
        The rule of each class.
    class_ids
        Their ids.

    Raises
    ------
    InputError
        If shapes, ids or values do not fit.
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
        """Runs of equal labels in the lines; 0 where no region can be removed.

        What a move takes beyond one comparison per pixel is proportional to it.
        """
        return 0 if self._regions is None else self._regions.run_starts.size

    def prepare(self, class_id: int) -> None:
        """Look up what the next moves of a class need, so that the first is as quick.

        Takes some 10 ms a class for 2048 x 2048 pixels; `update` does it by itself when
        the class is another one than before.
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
        `labels`, changed in place
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
        self._regions = self._smoothed = None

    def _clean(self) -> None:
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
