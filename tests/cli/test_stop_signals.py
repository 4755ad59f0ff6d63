"""Ctrl-C and the signals of schedulers are requests to stop."""

from __future__ import annotations

import os
import signal

import pytest

from napari_garage_unet.cli.stop_signals import stop_signals

KNOWN = [
    pytest.param(getattr(signal, name, None), said, code, id=name)
    for name, said, code in (
        ("SIGINT", "Ctrl-C", 130),
        ("SIGTERM", "SIGTERM", 143),
        ("SIGHUP", "SIGHUP", 129),
    )
    if hasattr(signal, name)
]


@pytest.mark.parametrize(("number", "said", "code"), KNOWN)
def test_a_signal_is_noted_and_named(number, said, code):
    before = signal.getsignal(number)
    with stop_signals() as stop:
        assert not stop
        os.kill(os.getpid(), number)
        assert stop
        assert (stop.by, stop.exit_code) == (said, code)
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_interrupts_at_once():
    with stop_signals() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.by == "Ctrl-C"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_that_schedulers_repeat_counts_once():
    with stop_signals() as stop:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.by == "SIGTERM"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_work_is_interrupted_at_once_except_while_it_is_held():
    with stop_signals(at_once=True) as stop:
        with stop.hold():
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop
        assert stop.exit_code == 143
    with stop_signals(at_once=True) as stop:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.by == "SIGTERM"


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop
    finally:
        signal.signal(signal.SIGHUP, before)
