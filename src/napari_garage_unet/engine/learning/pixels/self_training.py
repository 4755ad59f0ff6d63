"""What a network teaches itself: its own answers about the stroked planes.

The answers are smoothed along the edges of the image, which knows the shapes that
single pixels do not, and the unpainted pixels show how the classes vary. In much doubt
smoothing blurs what is thin; then the detail network, which is sharp to the pixel, has
a share in the answers.

Answers that are learnt grow: a class that has gained a little gains more each time, and
after a few strokes of one class alone the others would vanish. So the shares of the
classes are held back (`class_shares`).
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
    HARDNESS,
    class_proportions_of,
    count_class_proportions,
    held_back,
    uncertainty_of,
)
from .pseudo_labels import choose_sure, draw_blocks, pseudo_labels_on_grid

PIXELS = 20_000
"""Pixels the network teaches itself with."""

ROUNDS = 28
"""Rounds in which the network teaches itself, times the strokes per class."""

MOST_ROUNDS = 3
"""There are never more of them, and never fewer than one."""

RECENT = 4
"""Strokes at least that tell how one-sided a correction is.

Who corrects stroke by stroke paints one class at a time, and all the same several.
"""

ITERATIONS = 20
"""Steps in which the factors are found, as Sinkhorn's algorithm does."""

ENOUGH = 6
"""Strokes per class from which on the detail network may have a share in answers.

It learns what the network says, and with fewer that is wrong too often.
"""

LEAST_TRUST = 0.1
"""Below this the detail network is not worth the time to teach and ask it."""

Floats = NDArray[np.float32]
Pixels = NDArray[np.integer[Any]]


Gather = Callable[[TrainingPlane, PlaneBlock, Pixels, Pixels], Floats]
"""Joins the features of a block at some rows and columns of it."""


class SelfTraining:
    """Asks the network about blocks of planes and chooses what it learns from that.

    Parameters
    ----------
    network
        Whose answers are learnt.
    gather
        Returns features.
    rng
        Draws blocks and pixels.

    Attributes
    ----------
    rounds_left
        How often it is still to teach itself.
    trust
        How much of its vote the detail network has in the answers; known once all
        blocks were asked about.
    """

    def __init__(
        self, network: PretrainedNetwork, gather: Gather, rng: np.random.Generator
    ) -> None:
        self._network = network
        self._gather = gather
        self._rng = rng
        self._new_strokes = np.zeros(network.n_classes, np.int64)
        self._lessons: list[NDArray[np.int64]] = []
        self.rounds_left = 0
        self.trust = 0.0

    def prepare(
        self,
        planes: Sequence[TrainingPlane],
        *,
        strokes_per_class: float,
        new_strokes: NDArray[np.integer[Any]],
    ) -> None:
        """Begin anew, after other strokes.

        Parameters
        ----------
        planes
            Padded planes with their features.
        strokes_per_class
            The fewer there are, the more rounds.
        new_strokes
            ``(n_classes,)`` of each class that were painted since the last time.
        """
        self._blocks = draw_blocks(planes, self._network.head_radius, self._rng)
        rounds = round(ROUNDS / strokes_per_class)
        self.rounds_left = min(max(rounds, 1), MOST_ROUNDS)
        # Those of lessons that were not reached because others came count as well.
        self._new_strokes = self._new_strokes + new_strokes
        self._before = self._network.head.state.class_proportions
        self._aim: Floats | None = None
        self._enough = strokes_per_class >= ENOUGH
        self.trust = 0.0
        self._answers: list[Floats] = []
        self._unsmoothed: list[Floats] = []
        self._detailed: list[Floats] = []

    def ask(self) -> bool:
        """Ask about one block, so that no step takes long; False when all are asked."""
        if len(self._answers) == len(self._blocks):
            return False
        plane, block = self._blocks[len(self._answers)]
        answers, unsmoothed = self._network.pseudo_label_probabilities(
            plane.region(block.seen_rows, block.seen_columns)
        )
        self._answers.append(pseudo_labels_on_grid(answers, block))
        self._unsmoothed.append(pseudo_labels_on_grid(unsmoothed, block, step=GRID))
        if len(self._answers) == len(self._blocks):
            self.trust = self._decide_trust()
        return True

    def ask_patch_network(self) -> bool:
        """Ask the detail network about one block; False when all are asked."""
        if len(self._detailed) == len(self._blocks):
            return False
        plane, block = self._blocks[len(self._detailed)]
        pixels = plane.region(block.seen_rows, block.seen_columns)[1]
        answers = self._network.patch_network.on_plane(pixels, 1)
        self._detailed.append(pseudo_labels_on_grid(answers, block, step=GRID))
        return True

    def _decide_trust(self) -> float:
        """Trust what the detail network says where the others are in doubt.

        Where they are sure, smoothing removes what they have wrong here and there.
        Where they are in doubt it blurs what is thin, and the detail network does not.
        """
        trust = uncertainty_of(np.concatenate(self._unsmoothed))
        return trust if self._enough and trust >= LEAST_TRUST else 0.0

    def choose(self) -> tuple[Floats, Floats]:
        """Choose pixels that the network is sure of, and end a round of asking.

        If the detail network was asked as well, it has a share in the answers.

        Returns
        -------
        features : ndarray of shape (n, n_features), float32
        answers : ndarray of shape (n, n_classes), float32
            Sum to 1.
        """
        if self._detailed:
            share = self.trust * self._network.patch_weight
            self._answers = [
                (1 - share) * answers + share * detailed
                for answers, detailed in zip(self._answers, self._detailed, strict=True)
            ]
        factors = self._hold_back(
            np.concatenate(self._answers), np.concatenate(self._unsmoothed)
        )
        chosen = [
            self._choose(plane, block, answers * factors)
            for (plane, block), answers in zip(self._blocks, self._answers, strict=True)
        ]
        self._answers.clear()
        self._unsmoothed.clear()
        self._detailed.clear()
        self.rounds_left -= 1
        features, answers = (np.concatenate(part) for part in zip(*chosen, strict=True))
        return features, answers

    def _hold_back(self, answers: Floats, unsmoothed: Floats) -> Floats:
        """Find what the answers about each class are multiplied with.

        Without any shares of before, which the first strokes are, the classes may have
        what they have, and so may a class that is new.
        """
        n = min(len(answers), PIXELS)
        chosen = self._rng.choice(len(answers), n, replace=False)
        some = answers[chosen]
        class_proportions = class_proportions_of(some, unsmoothed[chosen])
        factors = np.ones_like(class_proportions)
        if self._aim is None:
            self._aim = self._decide(class_proportions)
        if self._before.any():
            for _ in range(ITERATIONS):
                factors *= (self._aim / count_class_proportions(some * factors)) ** (
                    1 / HARDNESS
                )
            class_proportions = self._aim
        head = self._network.head
        head.state = replace(head.state, class_proportions=class_proportions)
        return factors

    def _decide(self, class_proportions: Floats) -> Floats:
        """Decide what the shares are to be, and count the new strokes as learnt."""
        new, recent = self._new_strokes, self._new_strokes
        for earlier in reversed(self._lessons):
            if recent.sum() >= RECENT:
                break
            recent = recent + earlier
        self._lessons = [*self._lessons[-RECENT:], new]
        self._new_strokes = np.zeros_like(new)
        if not self._before.any():
            return class_proportions
        before = np.where(self._before > 0, self._before, class_proportions)
        before /= before.sum()
        return held_back(class_proportions, before, recent=recent, n_new=int(new.sum()))

    def _choose(
        self, plane: TrainingPlane, block: PlaneBlock, answers: Floats
    ) -> tuple[Floats, Floats]:
        answers /= answers.sum(axis=1, keepdims=True)
        n = PIXELS // len(self._blocks)
        chosen, rows, columns = choose_sure(answers, block, n, self._rng)
        features = self._gather(plane, block, rows, columns)
        return features, answers[chosen]
