"""Array work beside the main thread."""

from __future__ import annotations

import threading
import time

import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.session.background import Tasks


@pytest.fixture
def tasks():
    made = Tasks()
    yield made
    made.close()


@pytest.fixture
def until(tasks):
    def poll_until(is_so):
        end = time.monotonic() + 5
        while not is_so():
            assert time.monotonic() < end, "it did not come to be"
            tasks.poll()
            time.sleep(0.002)

    return poll_until


def test_work_is_done_elsewhere_and_handed_over_here(tasks, until):
    threads = []
    tasks.run(
        "work",
        lambda: threads.append(threading.current_thread()) or 7,
        done=lambda value: threads.append((value, threading.current_thread())),
    )
    until(lambda: len(threads) == 2)
    assert threads[0] is not threading.main_thread()
    assert threads[1] == (7, threading.main_thread())


def test_nothing_is_handed_over_without_a_poll(tasks, until):
    got = []
    tasks.run("work", lambda: 1, done=got.append)
    time.sleep(0.05)
    assert got == []
    assert "work" in tasks
    until(lambda: got == [1])
    assert "work" not in tasks


def test_of_the_same_name_only_the_newest_is_handed_over(tasks, until):
    gate = threading.Event()
    got, begun = [], []
    for number in range(3):
        tasks.run(
            "work",
            lambda n=number: (begun.append(n), gate.wait(5), n)[-1],
            done=got.append,
        )
    gate.set()
    until(lambda: got)
    assert got == [2]
    assert 1 not in begun


def test_work_of_other_names_is_kept(tasks, until):
    got = []
    tasks.run("a", lambda: "a", done=got.append)
    tasks.run("b", lambda: "b", done=got.append)
    until(lambda: len(got) == 2)
    assert sorted(got) == ["a", "b"]


def test_an_error_is_told_and_later_work_goes_on(tasks, until):
    problems, got = [], []
    tasks.failed.connect(problems.append)

    def refuse():
        raise InputError("The strokes are missing.")

    tasks.run("a", refuse, done=got.append)
    tasks.run("b", lambda: 1 // 0, done=got.append)
    tasks.run("c", lambda: "c", done=got.append)
    until(lambda: len(problems) == 2 and got)
    assert got == ["c"]
    assert problems[0].message == "The strokes are missing."
    assert "ZeroDivisionError" in problems[1].message
    assert "1 // 0" in problems[1].details or "Traceback" in problems[1].details


def test_begin_and_end_are_told(tasks, until):
    states = []
    tasks.changed.connect(lambda: states.append("work" in tasks))
    tasks.run("work", lambda: None, done=lambda _: None)
    until(lambda: len(states) == 2)
    assert states == [True, False]


def test_nothing_is_handed_over_after_closing(tasks):
    got = []
    tasks.run("work", lambda: 1, done=got.append)
    tasks.close()
    time.sleep(0.05)
    tasks.poll()
    assert got == []
