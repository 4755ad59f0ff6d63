"""Knowledge distillation: the patch network learns what the decoder predicts.

Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network",
arXiv:1503.02531. The decoder sees coarse features; the patch network sees the pixels
themselves and is sharper, but could not be learnt from the strokes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.feature_maps import GRID, FeatureMaps
from napari_garage_unet.engine.inference.tiles import PlaneBlock, stroked_blocks
from napari_garage_unet.engine.learning.training_plane import (
    TrainingPlane,
    add_counts,
)
from napari_garage_unet.engine.networks.patch_network import cut_patches
from napari_garage_unet.engine.networks.pretrained import PretrainedNetwork

from .distillation_steps import DistillationSteps
from .draws import BalancedDraw, rate_factor, shares_to_keep
from .pseudo_labels import (
    cells_with_data,
    choose_sure,
    draw_blocks,
    pseudo_labels_on_grid,
)

DISTILLATION_STEPS = 500
"""Steps of a distillation that has enough time."""

PATCHES_PER_STEP = 1024
"""A multiple of 8."""

PSEUDO_LABEL_PATCHES = 20_000
"""Patches with predictions of the decoder that are learnt."""

MAX_PAINTED_PATCHES = 20_000
"""Patches around stroke pixels that are learnt."""

PAINTED_WEIGHT = 0.3
"""Weight of all patches around stroke pixels, where that of all others is 1."""

MAX_TIME_SHARE = 0.9
"""Share of the time there is when time is short that the steps may take, 0 to 1."""

AGREEMENT_PATCHES = 10_000
"""Patches on which patch network and decoder are compared."""

MAX_PATCH_WEIGHT = 0.6
"""Weight of the patch network in the result if it agrees with the decoder everywhere.

0 to 1.
"""

Floats = NDArray[np.float32]
Pixels = NDArray[np.integer[Any]]


class Distillation:
    """Trains the patch network on predictions of the decoder and on the strokes.

    Parameters
    ----------
    network
        Its `patch_network` is trained in place.
    rng
        Draws blocks and patches.
    teacher
        Gives ``(n_classes, H / GRID, W / GRID)`` probabilities that are learnt, from
        feature maps of a region; None is the decoder of the network.

    Attributes
    ----------
    complete
        Whether the patch network has learnt what the decoder knows now, and has a
        weight in the result.
    """

    def __init__(
        self,
        network: PretrainedNetwork,
        rng: np.random.Generator,
        *,
        teacher: Callable[[FeatureMaps], Floats] | None = None,
    ) -> None:
        self._network = network
        self._rng = rng
        self._teacher = teacher or network.unsmoothed
        self._steps: DistillationSteps | None = None
        self.complete = False

    def prepare(self, planes: Sequence[TrainingPlane]) -> None:
        """Begin anew with other strokes.

        The patch network has no weight until it is distilled again: it knows nothing
        of them.
        """
        self._set_blend_weight(0.0)
        self._planes = planes
        self.repeat()

    def repeat(self) -> None:
        """Begin anew with the same strokes, after the decoder has learnt more.

        Until then the patch network keeps its weight.
        """
        self._collecting = self._collect()
        self._taken = 0
        self._seconds: float | None = None
        self.complete = False

    def step(self, rate: float, *, seconds_left: float | None = None) -> None:
        """Collect the patches of one block, or take one step when all are collected.

        Parameters
        ----------
        rate
            Highest learning rate.
        seconds_left
            Seconds until the distillation has to be complete, or None. On a slow
            machine there are fewer steps, but the rate falls all the same.
        """
        if next(self._collecting, False):
            return
        if self._steps is None:
            self._steps = DistillationSteps(self._network.patch_network)
        pixels = self._draw(self._rng, (PATCHES_PER_STEP,))
        progress = max(
            self._taken / DISTILLATION_STEPS, self._share_of_time(seconds_left)
        )
        rate *= rate_factor(progress)
        self._steps.take(self._patches, self._targets, pixels, rate=rate)
        self._taken += 1
        if self._taken == DISTILLATION_STEPS or progress >= 1:
            self._set_blend_weight(self._decide_weight())
            self.complete = True
            # Tens of megabytes that are of no use until there are new strokes.
            del self._patches, self._targets, self._compared

    def _share_of_time(self, seconds_left: float | None) -> float:
        """Return how much is over of the time there was when it became short.

        1 or more is all that the steps may take.
        """
        if seconds_left is None:
            return 0.0
        if self._seconds is None:
            self._seconds = max(seconds_left, 0.0)
        over = self._seconds - seconds_left
        return over / (MAX_TIME_SHARE * self._seconds) if self._seconds else 1.0

    def _collect(self) -> Iterator[bool]:
        """Cut out patches and let the teacher label them; True after each block."""
        patches, targets, painted_patches, numbers = [], [], [], []
        self._compared: list[tuple[Floats, Pixels]] = []
        for plane, block, rows, columns in self._painted():
            painted_patches.append(self._cut(plane, block, rows, columns))
            here = plane.targets[block.rows, block.columns]
            numbers.append(here[rows, columns] - 1)
            yield True
        blocks = draw_blocks(self._planes, self._network.head_radius, self._rng)
        for plane, block in blocks:
            feature_maps = plane.region(block.seen_rows, block.seen_columns)
            labels = pseudo_labels_on_grid(
                self._teacher(feature_maps), block, step=GRID
            )
            known = plane.targets[block.rows, block.columns][::GRID, ::GRID].ravel()
            labels[known > 0] = self._one_hot(known[known > 0] - 1)
            n = PSEUDO_LABEL_PATCHES // len(blocks)
            there = cells_with_data(plane, block)
            chosen, rows, columns = choose_sure(
                labels, block, n, self._rng, there=there
            )
            patches.append(self._cut(plane, block, rows, columns))
            targets.append(labels[chosen])
            self._keep_to_compare(
                plane, block, labels, AGREEMENT_PATCHES // len(blocks)
            )
            yield True
        painted = np.concatenate(numbers)
        weights = 1 / np.bincount(painted)[painted]
        weights *= PAINTED_WEIGHT / weights.sum()
        n_others = sum(map(len, targets))
        self._patches = tf.constant(np.concatenate([*painted_patches, *patches]))
        self._targets = tf.constant(np.concatenate([self._one_hot(painted), *targets]))
        self._draw = BalancedDraw(
            np.concatenate([weights, np.full(n_others, 1 / n_others)])
        )

    def _painted(self) -> Iterator[tuple[TrainingPlane, PlaneBlock, Pixels, Pixels]]:
        """Yield rows and columns of stroke pixels, block by block."""
        n_classes = self._network.n_classes
        painted = add_counts(plane.count_classes(n_classes) for plane in self._planes)
        keep = shares_to_keep(painted.pixels, max_pixels=MAX_PAINTED_PATCHES)
        for plane in self._planes:
            for block in stroked_blocks(plane.targets, self._network.stride):
                here = plane.targets[block.rows, block.columns]
                rows, columns = np.nonzero(self._rng.random(here.shape) < keep[here])
                yield plane, block, rows, columns

    def _keep_to_compare(
        self, plane: TrainingPlane, block: PlaneBlock, labels: Floats, n: int
    ) -> None:
        """Keep `n` patches from anywhere in a block with their most probable class."""
        there = cells_with_data(plane, block)
        if there is None or not there.any():
            some = self._rng.choice(len(labels), min(n, len(labels)), replace=False)
        else:
            cells = np.flatnonzero(there)
            some = self._rng.choice(cells, min(n, len(cells)), replace=False)
        rows, columns = np.divmod(some, -(-block.shape[1] // GRID))
        patches = self._cut(plane, block, rows * GRID, columns * GRID)
        self._compared.append((patches, labels[some].argmax(axis=1)))

    def _cut(
        self, plane: TrainingPlane, block: PlaneBlock, rows: Pixels, columns: Pixels
    ) -> Floats:
        """Cut out the patches around pixels of a block."""
        _, pixels, *_ = plane.region(block.seen_rows, block.seen_columns)
        rows = rows + block.rows.start - block.seen_rows.start
        columns = columns + block.columns.start - block.seen_columns.start
        return cut_patches(pixels, rows // GRID, columns // GRID)

    def _one_hot(self, classes: Pixels) -> Floats:
        return np.eye(self._network.n_classes, dtype=np.float32)[classes]

    def _set_blend_weight(self, weight: float) -> None:
        head = self._network.head
        head.state = replace(head.state, blend_weight=weight)

    def _decide_weight(self) -> float:
        """Give the patch network weight in proportion to its agreement."""
        patch_network = self._network.patch_network
        found = [
            patch_network.at_patches(patches).numpy().argmax(axis=1)
            for patches, _ in self._compared
        ]
        labels = np.concatenate([labels for _, labels in self._compared])
        return MAX_PATCH_WEIGHT * mean_iou(np.concatenate(found), labels)


def mean_iou(found: Pixels, labels: Pixels) -> float:
    """Return the mean intersection over union of the classes that are in either.

    Parameters
    ----------
    found, labels
        ``(n,)`` numbers of classes.
    """
    overlaps = []
    for number in np.union1d(found, labels):
        one, other = found == number, labels == number
        overlaps.append(np.sum(one & other) / np.sum(one | other))
    return float(np.mean(overlaps))
