"""The order in which a decoder learns: strokes, pseudo-labels, distillation.

The decoder learns from the stroke pixels alone first. Then it labels the stroked planes
itself and learns from those pseudo-labels beside the strokes, for one round or several.
At last the patch network is distilled from the decoder. Before a round on pseudo-labels
the patch network may be distilled as well, to have a share in them.

The order is a generator of short steps, so a caller can stop, predict or bring other
strokes between any two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a curriculum.

    Parameters
    ----------
    take
        Function that takes the step. Its argument is the time in seconds that remains
        for this step and all later ones, or None while time is not short.
    optional
        Whether the step is left out when time is short.
    """

    take: Callable[[float | None], None]
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """The work that a curriculum puts in order.

    Parameters
    ----------
    n_steps
        Steps in a round on pixels, at least 1.
    n_rounds
        Rounds on pseudo-labels, at least 1.
    n_blocks
        Blocks of the planes that get pseudo-labels, at least 1.
    learn_strokes, learn_pseudo_labels
        Take a step on the stroke pixels, or on them and pseudo-labels; given the number
        of steps already taken in the round.
    label_block, patch_network_labels_block
        Let the decoder or the patch network label the block of this number.
    uses_patch_network
        Whether the patch network is to have a share in the pseudo-labels; asked after
        the decoder has labelled all blocks.
    is_distilled
        Whether the patch network has learnt what the decoder knows now.
    distil
        Takes a step of the distillation; given the seconds left, or None.
    """

    n_steps: int
    n_rounds: int
    n_blocks: int
    learn_strokes: Callable[[int], None]
    learn_pseudo_labels: Callable[[int], None]
    label_block: Callable[[int], None]
    patch_network_labels_block: Callable[[int], None]
    uses_patch_network: Callable[[], bool]
    is_distilled: Callable[[], bool]
    distil: Callable[[float | None], None]


def curriculum(stages: Stages) -> Iterator[Step]:
    """Yield all steps in order.

    A step has to be taken before the next one is asked for, which depends on it.

    The steps up to the first one on pseudo-labels are not optional: a decoder that has
    learnt from the strokes alone is too noisy to be distilled.
    """
    for taken in range(stages.n_steps):
        yield _untimed_step(stages.learn_strokes, taken)
    for number in range(stages.n_rounds):
        optional = number > 0
        for block in range(stages.n_blocks):
            yield _untimed_step(stages.label_block, block, optional=optional)
        if stages.uses_patch_network():
            while not stages.is_distilled():
                yield _untimed_step(stages.distil, None, optional=optional)
            for block in range(stages.n_blocks):
                yield _untimed_step(
                    stages.patch_network_labels_block, block, optional=optional
                )
        for taken in range(stages.n_steps):
            yield _untimed_step(
                stages.learn_pseudo_labels, taken, optional=optional or taken > 0
            )
    yield from conclusion(stages)


def conclusion(stages: Stages) -> Iterator[Step]:
    """Yield the last steps, the only ones that are left when time is short.

    There are none if the patch network has just been distilled for pseudo-labels.
    """
    while not stages.is_distilled():
        yield Step(stages.distil)


def _untimed_step(
    action: Callable[[T], None], argument: T, *, optional: bool = False
) -> Step:
    """Return a step that calls ``action(argument)`` and ignores the time left."""
    return Step(lambda seconds_left: action(argument), optional)
