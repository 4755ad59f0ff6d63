from __future__ import annotations

import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.session.problems import ErrorReporter


def refuse() -> None:
    raise InputError("The photo is empty.")


def test_what_cannot_be_done_becomes_a_sentence():
    error_reporter = ErrorReporter()
    assert not error_reporter.run(refuse)
    assert error_reporter.problem.message == "The photo is empty."


def test_what_is_carried_out_counts_as_such_whatever_it_returns():
    error_reporter = ErrorReporter()
    assert error_reporter.run(lambda: None)
    assert error_reporter.run(bool)
    assert error_reporter.problem is None


def test_what_is_found_is_returned_and_nothing_when_it_is_not():
    error_reporter = ErrorReporter()
    assert error_reporter.find(max, 3, 7) == 7
    assert error_reporter.find(refuse) is None
    assert error_reporter.problem.message == "The photo is empty."


def test_a_mistake_of_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        ErrorReporter().find(lambda: 1 / 0)
