"""Teaching the detail network what the decoder has learnt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.feature_maps import GRID
from napari_garage_unet.engine.inference.tiles import PlaneBlock, stroked_blocks
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.patch_network import (
    PATCH_PIXELS,
    PatchNetwork,
    at_patches,
    cut_patches,
)
from napari_garage_unet.engine.networks.pretrained import PretrainedNetwork

from .adamw import AdamW, update
from .draws import BalancedDraw, rate_factor
from .pseudo_labels import choose_sure, draw_blocks, pseudo_labels_on_grid

STEPS = 500
BATCH = 1024
"""Patches per step, a multiple of 8."""

PIXELS = 20_000
"""Patches with answers that are learnt."""

MOST_PAINTED = 20_000
"""Patches around painted pixels that are learnt."""

PAINTED_WEIGHT = 0.3
"""What all painted patches weigh, of all others."""

IN_TIME = 0.9
"""Share of the time there is after which it is complete."""

ASKED = 10_000
"""Patches that tell how well it repeats the answers."""

MAX_PATCH_WEIGHT = 0.6
"""What it counts in the result if it repeats all of them."""

Floats = NDArray[np.float32]
Pixels = NDArray[np.integer[Any]]


class Distillation:
    """Asks the network about blocks of planes, and teaches its detail network that.

    Parameters
    ----------
    network
        Its `patch_network` is trained in place.
    rng
        Draws blocks and patches.

    Attributes
    ----------
    complete
        Whether it is taught what the network says and counts.
    """

    def __init__(self, network: PretrainedNetwork, rng: np.random.Generator) -> None:
        self._network = network
        self._rng = rng
        self._steps: DistillationSteps | None = None
        self.complete = False

    def prepare(self, planes: Sequence[TrainingPlane]) -> None:
        """Begin anew, after other strokes.

        Until it is taught again it does not count: what it says is that of before.
        """
        self._set_blend_weight(0.0)
        self._planes = planes
        self.repeat()

    def repeat(self) -> None:
        """Teach once more what has been learnt since; until then it counts as before.

        The same strokes must still be there.
        """
        self._collecting = self._collect()
        self._taken = 0
        self._seconds: float | None = None
        self.complete = False

    def step(self, rate: float, *, seconds_left: float | None = None) -> None:
        """Ask about one block or take one step, so that nothing takes long.

        Parameters
        ----------
        rate
            Highest learning rate.
        seconds_left
            Until it is to be complete. On a slow machine there are fewer steps then,
            but the rate falls all the same.
        """
        if next(self._collecting, False):
            return
        if self._steps is None:
            self._steps = DistillationSteps(self._network.patch_network)
        pixels = self._draw(self._rng, (BATCH,))
        progress = max(self._taken / STEPS, self._share_of_time(seconds_left))
        rate *= rate_factor(progress)
        self._steps.take(self._patches, self._wanted, pixels, rate=rate)
        self._taken += 1
        if self._taken == STEPS or progress >= 1:
            self._set_blend_weight(self._decide_weight())
            self.complete = True
            # Tens of megabytes that nobody needs until there are new strokes.
            del self._patches, self._wanted, self._asked

    def _share_of_time(self, seconds_left: float | None) -> float:
        """Share that is over of the time there was when it was told first."""
        if seconds_left is None:
            return 0.0
        if self._seconds is None:
            self._seconds = max(seconds_left, 0.0)
        over = self._seconds - seconds_left
        return over / (IN_TIME * self._seconds) if self._seconds else 1.0

    def _collect(self) -> Iterator[bool]:
        """Cut out patches and ask about them; True after each block."""
        patches, wanted, painted_patches, numbers = [], [], [], []
        self._asked: list[tuple[Floats, Pixels]] = []
        for plane, block, rows, columns in self._painted():
            painted_patches.append(self._cut(plane, block, rows, columns))
            here = plane.targets[block.rows, block.columns]
            numbers.append(here[rows, columns] - 1)
            yield True
        blocks = draw_blocks(self._planes, self._network.head_radius, self._rng)
        for plane, block in blocks:
            feature_maps = plane.region(block.seen_rows, block.seen_columns)
            answers = self._network.unsmoothed(feature_maps)
            answers = pseudo_labels_on_grid(answers, block, step=GRID)
            known = plane.targets[block.rows, block.columns][::GRID, ::GRID].ravel()
            answers[known > 0] = self._certain(known[known > 0] - 1)
            n = PIXELS // len(blocks)
            chosen, rows, columns = choose_sure(answers, block, n, self._rng)
            patches.append(self._cut(plane, block, rows, columns))
            wanted.append(answers[chosen])
            self._ask(plane, block, answers, ASKED // len(blocks))
            yield True
        painted = np.concatenate(numbers)
        weights = 1 / np.bincount(painted)[painted]
        weights *= PAINTED_WEIGHT / weights.sum()
        own = sum(map(len, wanted))
        self._patches = tf.constant(np.concatenate([*painted_patches, *patches]))
        self._wanted = tf.constant(np.concatenate([self._certain(painted), *wanted]))
        self._draw = BalancedDraw(np.concatenate([weights, np.full(own, 1 / own)]))

    def _painted(self) -> Iterator[tuple[TrainingPlane, PlaneBlock, Pixels, Pixels]]:
        """Painted pixels of all blocks, of each class not too many."""
        n_classes = self._network.n_classes
        counts = sum(
            np.bincount(plane.targets.ravel(), minlength=n_classes + 1)
            for plane in self._planes
        )
        keep = MOST_PAINTED / n_classes / np.maximum(counts, 1)
        keep[0] = 0
        for plane in self._planes:
            for block in stroked_blocks(plane.targets, self._network.stride):
                here = plane.targets[block.rows, block.columns]
                rows, columns = np.nonzero(self._rng.random(here.shape) < keep[here])
                yield plane, block, rows, columns

    def _ask(
        self, plane: TrainingPlane, block: PlaneBlock, answers: Floats, n: int
    ) -> None:
        """Keep some patches, any, with their labels."""
        some = self._rng.choice(len(answers), min(n, len(answers)), replace=False)
        rows, columns = np.divmod(some, -(-block.shape[1] // GRID))
        patches = self._cut(plane, block, rows * GRID, columns * GRID)
        self._asked.append((patches, answers[some].argmax(axis=1)))

    def _cut(
        self, plane: TrainingPlane, block: PlaneBlock, rows: Pixels, columns: Pixels
    ) -> Floats:
        _, pixels, *_ = plane.region(block.seen_rows, block.seen_columns)
        rows = rows + block.rows.start - block.seen_rows.start
        columns = columns + block.columns.start - block.seen_columns.start
        return cut_patches(pixels, rows // GRID, columns // GRID)

    def _certain(self, numbers: Pixels) -> Floats:
        return np.eye(self._network.n_classes, dtype=np.float32)[numbers]

    def _set_blend_weight(self, weight: float) -> None:
        head = self._network.head
        head.state = replace(head.state, blend_weight=weight)

    def _decide_weight(self) -> float:
        """Let it count as much as it can repeat the answers."""
        patch_network = self._network.patch_network
        found = [
            patch_network.at_patches(p).numpy().argmax(axis=1) for p, _ in self._asked
        ]
        labels = np.concatenate([labels for _, labels in self._asked])
        return MAX_PATCH_WEIGHT * mean_overlap(np.concatenate(found), labels)


class DistillationSteps:
    """Takes steps of AdamW on patches, turned and flipped in the eight ways.

    Parameters
    ----------
    detail
        Is trained in place.
    """

    def __init__(self, patch_network: PatchNetwork) -> None:
        self._adamw = AdamW([*patch_network.kernels, *patch_network.biases])
        self._step = _step_of_all()
        # With any number of patches; traced only for the first network of a kind.
        self._step.get_concrete_function(
            tf.TensorSpec((None, PATCH_PIXELS, PATCH_PIXELS, patch_network.n_channels)),
            tf.TensorSpec((None, patch_network.biases[-1].shape[0])),
            tf.TensorSpec((None,), tf.int32),
            tf.TensorSpec((3,)),
            self._adamw.state,
        )

    def take(
        self, patches: Any, wanted: Any, numbers: NDArray[np.int32], *, rate: float
    ) -> float:
        """Take a step and return its loss.

        Parameters
        ----------
        patches, wanted
            Tensors of ``(n, PATCH_PIXELS, PATCH_PIXELS, n_channels)`` and
            ``(n, n_classes)``.
        numbers
            Which of them; a multiple of 8.
        rate
            Learning rate.
        """
        rates = self._adamw.rates(rate)
        return float(self._step(patches, wanted, numbers, rates, self._adamw.state))


@cache
def _step_of_all() -> Any:
    """Return the function that takes a step on any detail network."""

    def step(patches: Any, wanted: Any, numbers: Any, rates: Any, state: Any) -> Any:
        seen = in_all_ways(tf.gather(patches, numbers))
        variables = state[0]
        half = len(variables) // 2
        with tf.GradientTape() as tape:
            logits = at_patches(seen, variables[:half], variables[half:])
            losses = tf.nn.softmax_cross_entropy_with_logits(
                tf.gather(wanted, numbers), logits
            )
            loss = tf.reduce_mean(losses)
        update(state, tape.gradient(loss, variables), rates)
        return loss

    return tf.function(step)


def in_all_ways(patches: Any) -> Any:
    """Turn and flip an eighth of the patches in each of the eight ways."""
    turned = []
    for number, part in enumerate(tf.split(patches, 8)):
        axes = [axis for axis in (1, 2) if number & axis]
        part = tf.transpose(part, (0, 2, 1, 3)) if number & 4 else part
        turned.append(tf.reverse(part, axes))
    return tf.concat(turned, axis=0)


def mean_overlap(found: Pixels, labels: Pixels) -> float:
    """Mean intersection over union of the classes that are in either.

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
