"""The order of the steps, and what is left out when time is short."""

from __future__ import annotations

import itertools

import pytest

from napari_garage_unet.engine.learning.pixels.curriculum import (
    Stages,
    conclusion,
    curriculum,
)

DISTILLATION_STEPS = 2


class Work:
    """Writes down what is done; each distillation takes two steps."""

    def __init__(self, *, n_steps=2, n_rounds=2, n_blocks=1, uses_patch_network=False):
        self.done = []
        self.seconds = []
        self.distilled = 0
        self.stages = Stages(
            n_steps=n_steps,
            n_rounds=n_rounds,
            n_blocks=n_blocks,
            learn_strokes=lambda taken: self.done.append(f"strokes {taken}"),
            learn_pseudo_labels=self.learn,
            label_block=lambda number: self.done.append(f"label {number}"),
            patch_network_labels_block=lambda n: self.done.append(f"patch label {n}"),
            uses_patch_network=lambda: uses_patch_network,
            is_distilled=lambda: self.distilled == DISTILLATION_STEPS,
            distil=self.distil,
        )

    def learn(self, taken):
        self.done.append(f"pseudo {taken}")
        if taken == 0:
            self.distilled = 0

    def distil(self, seconds_left):
        self.done.append("distil")
        self.seconds.append(seconds_left)
        self.distilled += 1


def take(steps, seconds_left=None):
    """Take all steps and return which are optional."""
    optional = []
    for step in steps:
        step.take(seconds_left)
        optional.append(step.optional)
    return optional


def test_strokes_come_first_then_rounds_on_pseudo_labels_then_distillation():
    work = Work(n_blocks=2)
    take(curriculum(work.stages))
    a_round = ["label 0", "label 1", "pseudo 0", "pseudo 1"]
    assert work.done == ["strokes 0", "strokes 1", *a_round, *a_round, *["distil"] * 2]


def test_the_patch_network_is_distilled_before_it_labels():
    work = Work(n_steps=1, uses_patch_network=True)
    take(curriculum(work.stages))
    a_round = ["label 0", "distil", "distil", "patch label 0", "pseudo 0"]
    assert work.done == ["strokes 0", *a_round, *a_round, "distil", "distil"]


def test_whether_the_patch_network_labels_is_asked_after_the_decoder_has_labelled():
    work = Work(n_steps=1, n_rounds=1)
    known = []
    work.stages = Stages(
        **{
            name: getattr(work.stages, name)
            for name in Stages.__slots__
            if name != "uses_patch_network"
        },
        uses_patch_network=lambda: bool(known.append(list(work.done))),
    )
    take(curriculum(work.stages))
    assert known == [["strokes 0", "label 0"]]


@pytest.mark.parametrize("uses_patch_network", [False, True])
def test_nothing_is_optional_before_the_first_step_on_pseudo_labels_is_taken(
    uses_patch_network,
):
    work = Work(uses_patch_network=uses_patch_network)
    optional = take(curriculum(work.stages))
    first, last = work.done.index("pseudo 0"), len(work.done) - DISTILLATION_STEPS
    assert not any(optional[: first + 1])
    assert all(optional[first + 1 : last])
    assert not any(optional[last:])


def test_when_time_is_short_only_the_distillation_is_left_and_knows_the_time():
    work = Work()
    steps = curriculum(work.stages)
    for step in itertools.islice(steps, 5):
        step.take(None)
    take(conclusion(work.stages), seconds_left=3.0)
    assert work.done[4:] == ["pseudo 1", "distil", "distil"]
    assert work.seconds == [3.0, 3.0]


def test_a_patch_network_that_is_distilled_already_needs_no_more_steps():
    work = Work(uses_patch_network=True)
    steps = curriculum(work.stages)
    while work.done[-1:] != ["patch label 0"]:
        next(steps).take(None)
    assert list(conclusion(work.stages)) == []


def test_a_distillation_for_pseudo_labels_takes_its_time():
    work = Work(uses_patch_network=True, n_rounds=1)
    take(curriculum(work.stages), seconds_left=3.0)
    assert work.seconds == [None, None, 3.0, 3.0]
