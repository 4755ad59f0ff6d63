"""Self-training: the network learns from its own predictions of the stroked planes.

Pseudo-labels (Lee 2013, ICML workshop on challenges in representation learning) are
smoothed along the edges of the image, which knows shapes that single pixels do not,
and the unpainted pixels show how the classes vary. Where uncertainty is high, smoothing
blurs what is thin; then the patch network, which is sharp to the pixel, has a share in
the pseudo-labels.

The proportions of the classes in pseudo-labels are those that `class_proportions`
allows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.features.feature_maps import GRID
from napari_garage_unet.engine.inference.tiles import PlaneBlock
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.pretrained import PretrainedNetwork

from .class_proportions import (
    HARD_LABEL_EXPONENT,
    blended_proportions,
    limit_proportion_change,
    soft_argmax_proportions,
    uncertainty_of,
)
from .pseudo_labels import (
    cells_with_data,
    choose_sure,
    draw_blocks,
    pseudo_labels_on_grid,
)

PSEUDO_LABEL_PIXELS = 20_000
"""Pixels with pseudo-labels that are learnt in a round."""

ROUND_STROKES = 28
"""Rounds on pseudo-labels, times the strokes per class."""

MAX_ROUNDS = 3
"""Rounds on pseudo-labels; there is always one."""

MIN_RECENT_STROKES = 4
"""Strokes from which the one-sidedness of a correction is measured.

A person who corrects stroke by stroke paints one class at a time but several in all, so
strokes of earlier corrections count until there are this many.
"""

SINKHORN_ITERATIONS = 20
"""Iterations in which the factors of the classes are found."""

MIN_STROKES_FOR_PATCH_NETWORK = 6
"""Strokes per class from which the patch network may have a share in pseudo-labels.

It repeats what the decoder predicts, and from fewer strokes that is wrong too often.
"""

MIN_PATCH_NETWORK_SHARE = 0.1
"""Uncertainty below which the patch network is not worth the time to distil it."""

Floats = NDArray[np.float32]
Pixels = NDArray[np.integer[Any]]


Gather = Callable[[TrainingPlane, PlaneBlock, Pixels, Pixels], Floats]
"""Gathers ``(n, n_features)`` features of a block at some rows and columns of it."""


class SelfTraining:
    """Labels blocks of planes and chooses what the network learns from that.

    Parameters
    ----------
    network
        Labels the blocks, and is what learns.
    gather
        Gathers features.
    rng
        Draws blocks and pixels.

    Attributes
    ----------
    n_rounds
        Rounds on pseudo-labels that suit the number of strokes, 1 to `MAX_ROUNDS`.
    patch_network_share
        Share of its usual weight that the patch network has in the pseudo-labels of
        this round, 0 to 1; known once all blocks are labelled.
    """

    def __init__(
        self, network: PretrainedNetwork, gather: Gather, rng: np.random.Generator
    ) -> None:
        self._network = network
        self._gather = gather
        self._rng = rng
        self._new_strokes = np.zeros(network.n_classes, np.int64)
        self._corrections: list[NDArray[np.int64]] = []
        self.n_rounds = 0
        self.patch_network_share = 0.0

    @property
    def n_blocks(self) -> int:
        """Blocks that are labelled in each round."""
        return len(self._blocks)

    def prepare(
        self,
        planes: Sequence[TrainingPlane],
        *,
        strokes_per_class: float,
        new_strokes: NDArray[np.integer[Any]],
    ) -> None:
        """Begin anew with other strokes.

        Parameters
        ----------
        planes
            Padded planes with their features.
        strokes_per_class
            The fewer there are, the more rounds.
        new_strokes
            ``(n_classes,)``, strokes of each class painted since the last time.
        """
        self._blocks = draw_blocks(planes, self._network.head_radius, self._rng)
        rounds = round(ROUND_STROKES / strokes_per_class)
        self.n_rounds = min(max(rounds, 1), MAX_ROUNDS)
        # New strokes of a time that ended before any pseudo-labels still count.
        self._new_strokes = self._new_strokes + new_strokes
        self._previous_proportions = self._network.head.state.class_proportions
        self._aim: Floats | None = None
        self._enough_strokes = strokes_per_class >= MIN_STROKES_FOR_PATCH_NETWORK
        self.patch_network_share = 0.0
        self._forget_labels()

    def label_block(self, number: int) -> None:
        """Let the decoder label a block; the blocks of a round are labelled in order.

        Parameters
        ----------
        number
            Number of the block, from 0.
        """
        plane, block = self._blocks[number]
        smoothed, unsmoothed = self._network.pseudo_label_probabilities(
            plane.region(block.seen_rows, block.seen_columns)
        )
        self._pseudo_labels.append(pseudo_labels_on_grid(smoothed, block))
        self._unsmoothed.append(pseudo_labels_on_grid(unsmoothed, block, step=GRID))
        if number == len(self._blocks) - 1:
            self.patch_network_share = self._decide_patch_network_share()

    def patch_network_labels_block(self, number: int) -> None:
        """Let the patch network label a block too; see `label_block`."""
        plane, block = self._blocks[number]
        pixels = plane.region(block.seen_rows, block.seen_columns)[1]
        labels = self._network.patch_network.on_plane(pixels, 1)
        self._patch_network_labels.append(
            pseudo_labels_on_grid(labels, block, step=GRID)
        )

    def choose(self) -> tuple[Floats, Floats]:
        """Choose pixels that the network is sure of, and forget all labels.

        Returns
        -------
        features : ndarray of shape (n, n_features), float32
        pseudo_labels : ndarray of shape (n, n_classes), float32
            Each row sums to 1.
        """
        labels = self._pseudo_labels
        if self._patch_network_labels:
            share = self.patch_network_share * self._network.patch_weight
            labels = [
                (1 - share) * decoder + share * patch_network
                for decoder, patch_network in zip(
                    labels, self._patch_network_labels, strict=True
                )
            ]
        factors = self._align_proportions(
            self._where_data_is(labels), self._where_data_is(self._unsmoothed)
        )
        chosen = [
            self._choose(plane, block, of_block * factors)
            for (plane, block), of_block in zip(self._blocks, labels, strict=True)
        ]
        self._forget_labels()
        features, pseudo_labels = (
            np.concatenate(part) for part in zip(*chosen, strict=True)
        )
        return features, pseudo_labels

    def _forget_labels(self) -> None:
        self._pseudo_labels: list[Floats] = []
        self._unsmoothed: list[Floats] = []
        self._patch_network_labels: list[Floats] = []

    def _where_data_is(self, labels: Sequence[Floats]) -> Floats:
        """Join the labels of the blocks, without cells that have no data."""
        masks = [cells_with_data(plane, block) for plane, block in self._blocks]
        return np.concatenate(
            [
                of_block if there is None else of_block[there]
                for of_block, there in zip(labels, masks, strict=True)
            ]
        )

    def _decide_patch_network_share(self) -> float:
        """Give the patch network a share where the decoder is uncertain.

        Where it is sure, smoothing removes single wrong pixels; where it is uncertain,
        smoothing blurs what is thin, and the patch network does not.
        """
        uncertainty = uncertainty_of(self._where_data_is(self._unsmoothed))
        worth = self._enough_strokes and uncertainty >= MIN_PATCH_NETWORK_SHARE
        return uncertainty if worth else 0.0

    def _align_proportions(self, pseudo_labels: Floats, unsmoothed: Floats) -> Floats:
        """Find the factors of the classes that give pseudo-labels their proportions.

        The factors are found iteratively, as in the algorithm of Sinkhorn and Knopp
        1967 (doi:10.2140/pjm.1967.21.343). After the first strokes there are no
        previous proportions and all factors are 1; a new class starts with the
        proportion it has in the predictions.

        Parameters
        ----------
        pseudo_labels, unsmoothed
            ``(n, n_classes)`` of all blocks.

        Returns
        -------
        ndarray of shape (n_classes,), float32
        """
        n = min(len(pseudo_labels), PSEUDO_LABEL_PIXELS)
        chosen = self._rng.choice(len(pseudo_labels), n, replace=False)
        some = pseudo_labels[chosen]
        class_proportions = blended_proportions(some, unsmoothed[chosen])
        factors = np.ones_like(class_proportions)
        if self._aim is None:
            self._aim = self._decide_aim(class_proportions)
        if self._previous_proportions.any():
            for _ in range(SINKHORN_ITERATIONS):
                factors *= (self._aim / soft_argmax_proportions(some * factors)) ** (
                    1 / HARD_LABEL_EXPONENT
                )
            class_proportions = self._aim
        head = self._network.head
        head.state = replace(head.state, class_proportions=class_proportions)
        return factors

    def _decide_aim(self, class_proportions: Floats) -> Floats:
        """Decide the proportions for all rounds; the new strokes are no longer new."""
        new, recent = self._new_strokes, self._new_strokes
        for earlier in reversed(self._corrections):
            if recent.sum() >= MIN_RECENT_STROKES:
                break
            recent = recent + earlier
        self._corrections = [*self._corrections[-MIN_RECENT_STROKES:], new]
        self._new_strokes = np.zeros_like(new)
        if not self._previous_proportions.any():
            return class_proportions
        known = self._previous_proportions
        before = np.where(known > 0, known, class_proportions)
        before /= before.sum()
        return limit_proportion_change(
            class_proportions, before, recent=recent, n_new=int(new.sum())
        )

    def _choose(
        self, plane: TrainingPlane, block: PlaneBlock, pseudo_labels: Floats
    ) -> tuple[Floats, Floats]:
        pseudo_labels /= pseudo_labels.sum(axis=1, keepdims=True)
        n = PSEUDO_LABEL_PIXELS // len(self._blocks)
        chosen, rows, columns = choose_sure(
            pseudo_labels, block, n, self._rng, there=cells_with_data(plane, block)
        )
        features = self._gather(plane, block, rows, columns)
        return features, pseudo_labels[chosen]
