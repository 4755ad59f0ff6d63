from __future__ import annotations

import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.session.problems import ErrorReporter


def refuse() -> None:
    raise InputError("The photo is empty.")


def test_what_cannot_be_done_becomes_a_sentence():
    guard = ErrorReporter()
    assert not guard.run(refuse)
    assert guard.problem.message == "The photo is empty."


def test_what_is_carried_out_counts_as_such_whatever_it_returns():
    guard = ErrorReporter()
    assert guard.run(lambda: None)
    assert guard.run(bool)
    assert guard.problem is None


def test_what_is_found_is_returned_and_nothing_when_it_is_not():
    guard = ErrorReporter()
    assert guard.find(max, 3, 7) == 7
    assert guard.find(refuse) is None
    assert guard.problem.message == "The photo is empty."


def test_a_mistake_of_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        ErrorReporter().find(lambda: 1 / 0)
