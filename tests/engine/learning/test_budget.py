"""The time and the steps of a run, on a clock that the tests turn."""

from __future__ import annotations

import pytest

from napari_garage_unet.engine.learning import budget as budget_module
from napari_garage_unet.engine.learning.budget import Budget
from napari_garage_unet.engine.learning.config import TrainingConfig


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(budget_module, "time", clock)
    return clock


def begun(seconds=20.0, max_steps=None):
    budget = Budget()
    budget.begin(TrainingConfig(seconds=seconds, max_steps=max_steps))
    return budget


def test_time_is_short_before_it_is_over(clock):
    budget, seen = begun(20), []
    for _ in range(20):
        clock.now += 1
        budget.look()
        seen.append((budget.is_short, budget.is_over))
    assert seen[15] == (False, False)
    assert seen[16] == (True, False)
    assert seen[18:] == [(True, False), (True, True)]


def test_the_last_validation_ends_in_time_as_well(clock):
    budget = begun(20)
    clock.now += 5
    budget.look()
    clock.now += 4
    budget.count_validation()
    budget.look()
    assert budget.seconds == 9
    assert budget.seconds_left == pytest.approx(20 - 9 - 4)
    clock.now += 7
    budget.look()
    assert budget.is_over


def test_validations_take_a_tenth_of_the_time_and_have_a_pause_between(clock):
    budget = begun(1000)
    clock.now += 1.9
    budget.look()
    assert not budget.validation_is_due
    clock.now += 0.2
    budget.look()
    assert budget.validation_is_due
    clock.now += 3
    budget.count_validation()
    clock.now += 26
    budget.look()
    assert not budget.validation_is_due
    clock.now += 2
    budget.look()
    assert budget.validation_is_due


def test_steps_are_counted_until_none_is_left(clock):
    budget = begun(max_steps=2)
    assert budget.has_steps
    budget.count_step()
    assert budget.has_steps
    budget.count_step()
    assert not budget.has_steps
    unlimited = begun()
    for _ in range(1000):
        unlimited.count_step()
    assert unlimited.has_steps


def test_each_run_has_the_whole_budget_and_pauses_do_not_count(clock):
    budget = begun(20, max_steps=1)
    clock.now += 15
    budget.count_step()
    clock.now += 500
    budget.begin(TrainingConfig(seconds=20, max_steps=1))
    assert budget.seconds == 15
    assert budget.has_steps
    clock.now += 12
    budget.look()
    assert budget.seconds == 27
    assert budget.seconds_left == pytest.approx(8)
