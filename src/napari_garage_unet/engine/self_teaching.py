"""What a network teaches itself: its own answers about the stroked planes.

The answers are smoothed along the edges of the image, which knows the shapes that
single pixels do not, and the unpainted pixels show how the classes vary.

Answers that are learnt grow: a class that has gained a little gains more each time, and
after a few strokes of one class alone the others would vanish. So the shares of the
classes are held back towards those of before the strokes (distribution alignment,
Berthelot et al. 2020, arXiv:1911.09785, where it is a known distribution): the more so,
the more of the new strokes are of one class, and few strokes change little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .features import GRID
from .lessons import answers_on_grid, choose_sure, draw_blocks
from .plane_blocks import PlaneBlock
from .pretrained_network import PretrainedNetwork
from .sampling import TrainingPlane

PIXELS = 20_000
"""Pixels the network teaches itself with."""

ROUNDS = 28
"""Rounds in which the network teaches itself, times the strokes per class."""

MOST_ROUNDS = 3
"""There are never more of them, and never fewer than one."""

MOVED = 0.02
"""Share of the pixels whose class one new stroke may change at the most."""

DOUBTFUL = 0.3
"""Mean doubt from which on unsmoothed answers alone tell the shares of the classes."""

STEEPNESS = 4
"""Power of the doubt that they count with below it."""

RECENT = 4
"""Strokes at least that tell how one-sided a correction is.

Who corrects stroke by stroke paints one class at a time, and all the same several.
"""

HARDNESS = 8
"""Power that answers are raised to where shares are counted.

It is labels that must not change their shares; probabilities near one half could keep
theirs and still turn into labels of one class.
"""

ITERATIONS = 20
"""Steps in which the factors are found, as Sinkhorn's algorithm does."""

Floats = NDArray[np.float32]
Pixels = NDArray[np.integer[Any]]


Gather = Callable[[TrainingPlane, PlaneBlock, Pixels, Pixels], Floats]
"""Joins the features of a block at some rows and columns of it."""


class SelfTeaching:
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
        self._before = self._network.head.shares.numpy()
        self._aim: Floats | None = None
        self._answers: list[Floats] = []
        self._unsmoothed: list[Floats] = []

    def ask(self) -> bool:
        """Ask about one block, so that no step takes long; False when all are asked."""
        if len(self._answers) == len(self._blocks):
            return False
        plane, block = self._blocks[len(self._answers)]
        answers, unsmoothed = self._network.answers(
            plane.region(block.seen_rows, block.seen_columns)
        )
        self._answers.append(answers_on_grid(answers, block))
        self._unsmoothed.append(answers_on_grid(unsmoothed, block, step=GRID))
        return True

    def choose(self) -> tuple[Floats, Floats]:
        """Choose pixels that the network is sure of, and end a round of asking.

        Returns
        -------
        features : ndarray of shape (n, n_features), float32
        answers : ndarray of shape (n, n_classes), float32
            Sum to 1.
        """
        factors = self._hold_back(
            np.concatenate(self._answers), np.concatenate(self._unsmoothed)
        )
        chosen = [
            self._choose(plane, block, answers * factors)
            for (plane, block), answers in zip(self._blocks, self._answers, strict=True)
        ]
        self._answers.clear()
        self._unsmoothed.clear()
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
        shares = shares_of(some, unsmoothed[chosen])
        factors = np.ones_like(shares)
        if self._aim is None:
            self._aim = self._decide(shares)
        if self._before.any():
            for _ in range(ITERATIONS):
                factors *= (self._aim / _shares(some * factors)) ** (1 / HARDNESS)
            shares = self._aim
        self._network.head.shares.assign(shares)
        return factors

    def _decide(self, shares: Floats) -> Floats:
        """Decide what the shares are to be, and count the new strokes as learnt."""
        new, recent = self._new_strokes, self._new_strokes
        for earlier in reversed(self._lessons):
            if recent.sum() >= RECENT:
                break
            recent = recent + earlier
        self._lessons = [*self._lessons[-RECENT:], new]
        self._new_strokes = np.zeros_like(new)
        if not self._before.any():
            return shares
        before = np.where(self._before > 0, self._before, shares)
        before /= before.sum()
        return held_back(shares, before, recent=recent, n_new=int(new.sum()))

    def _choose(
        self, plane: TrainingPlane, block: PlaneBlock, answers: Floats
    ) -> tuple[Floats, Floats]:
        answers /= answers.sum(axis=1, keepdims=True)
        n = PIXELS // len(self._blocks)
        chosen, rows, columns = choose_sure(answers, block, n, self._rng)
        features = self._gather(plane, block, rows, columns)
        return features, answers[chosen]


def shares_of(answers: Floats, unsmoothed: Floats) -> Floats:
    """Measure the shares of the classes.

    Where the network is sure, smoothing removes what is wrong here and there, most of
    it of rare classes. Where it is in doubt, smoothing lets the largest class around
    win, and what is thin fades, the more the more often answers are learnt. So the
    more doubt there is, the more those tell that have not been smoothed.

    Parameters
    ----------
    answers, unsmoothed
        ``(n, n_classes)``, each row sums to 1.

    Returns
    -------
    ndarray of shape (n_classes,), float32
        Sum to 1.
    """
    best = np.partition(unsmoothed, -2, axis=1)[:, -2:]
    doubt = 1 - float((best[:, 1] - best[:, 0]).mean())
    weight = min(1.0, (doubt / DOUBTFUL) ** STEEPNESS)
    shares = _shares(answers) ** (1 - weight) * _shares(unsmoothed) ** weight
    measured: Floats = shares / shares.sum()
    return measured


def held_back(
    shares: Floats, before: Floats, *, recent: NDArray[np.integer[Any]], n_new: int
) -> Floats:
    """Hold the shares of classes back after a correction.

    Strokes of one class alone do not tell how large it is, strokes of many classes do.
    So what was before counts as much as two recent strokes are likely to be of one
    class (the index of Simpson 1949, doi:10.1038/163688a0), and no more than `MOVED`
    for each new one changes its class.

    Parameters
    ----------
    shares, before
        ``(n_classes,)`` of now and of before; each sum to 1.
    recent
        ``(n_classes,)``, the last strokes of each class.
    n_new
        How many of them are new; without any, all stays as it was.

    Returns
    -------
    ndarray of shape (n_classes,), float32
        Sum to 1.
    """
    if not n_new:
        return before
    alike = float(np.sum((recent / recent.sum()) ** 2))
    aim = before**alike * shares ** (1 - alike)
    aim /= aim.sum()
    moved = float(np.abs(aim - before).sum()) / 2
    held: Floats = before + (aim - before) * min(1.0, MOVED * n_new / max(moved, 1e-6))
    return held


def _shares(answers: Floats) -> Floats:
    """Share of each class, counting mostly the most probable one at each pixel."""
    hard = (answers / answers.max(axis=1, keepdims=True)) ** HARDNESS
    hard /= hard.sum(axis=1, keepdims=True)
    shares: Floats = np.maximum(hard.mean(axis=0), 1e-6)
    return shares
