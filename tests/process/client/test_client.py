from __future__ import annotations

import gc
import os
import signal
import stat
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from plain_viewer import FAKE_ENGINE, Viewer, is_process, wait_for

from napari_garage_unet.process.client.client import NOT_RUNNING, EngineClient
from napari_garage_unet.process.protocol.explain import OUT_OF_MEMORY
from napari_garage_unet.process.protocol.messages import (
    CloseImage,
    Died,
    Done,
    Failed,
    LoadModel,
    ModelReady,
    Progress,
    Ready,
    SaveModel,
    Stop,
    Train,
)

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)
posix = pytest.mark.skipif(os.name == "nt", reason="asks about POSIX processes")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def engine_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("garage engine")]


def test_starting_returns_at_once_and_requests_may_be_sent_right_away() -> None:
    client = EngineClient(command=FAKE_ENGINE)
    begin = time.perf_counter()
    client.start()
    assert time.perf_counter() - begin < 0.5
    viewer = Viewer(client)
    assert client.is_alive
    numbers = [viewer.ask(Stop) for _ in range(3)]
    assert viewer.until_kind(Ready).device == "a fake"
    assert [viewer.answer(number) for number in numbers] == [Done(n) for n in numbers]
    client.close()


def test_polling_without_news_gives_nothing_at_once(fake: Viewer) -> None:
    fake.until_kind(Ready)
    begin = time.perf_counter()
    assert fake.client.poll() == []
    assert time.perf_counter() - begin < 0.1


@posix
def test_the_socket_is_private_and_gone_once_connected(folder: Path) -> None:
    client = EngineClient(command=FAKE_ENGINE)
    client.start()
    (made,) = folder.iterdir()
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    Viewer(client).until_kind(Ready)
    assert wait_for(lambda: not any(folder.iterdir()))
    client.close()


@posix
def test_a_long_temporary_folder_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    client = EngineClient(command=FAKE_ENGINE)
    client.start()
    Viewer(client).until_kind(Ready)
    client.close()


def test_sending_never_waits_for_a_busy_engine(fake: Viewer) -> None:
    fake.until_kind(Ready)
    fake.ask(LoadModel, "sleep 1.5")
    rules = {"1": {"note": "x" * 1_000_000}}
    begin = time.perf_counter()
    numbers = [fake.ask(SaveModel, "live", "somewhere", rules) for _ in range(20)]
    assert time.perf_counter() - begin < 1.0
    assert all(fake.answer(number) == Done(number) for number in numbers)


def test_an_engine_that_prints_a_lot_is_not_held_up_and_only_the_end_is_kept(
    fake: Viewer, capfd: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(fake.get(LoadModel, "print 50000"), ModelReady)
    assert wait_for(lambda: "line 49999" in fake.client.log)
    assert len(fake.client.log) < 20_000
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_engine_is_told_about_after_its_requests_have_failed(
    fake: Viewer,
) -> None:
    fake.until_kind(Ready)
    train = fake.ask(Train, ("a",), ())
    fake.until_kind(Progress)
    pid = fake.client.pid
    assert pid is not None
    asleep = fake.ask(LoadModel, "sleep 60")
    os.kill(pid, SIGKILL)
    events = []
    assert wait_for(lambda: bool(events.extend(fake.client.poll()) or events))
    assert events[:2] == [Failed(train, OUT_OF_MEMORY), Failed(asleep, OUT_OF_MEMORY)]
    assert events[2] == Died(OUT_OF_MEMORY, "")
    assert "out of memory" in OUT_OF_MEMORY
    assert not fake.client.is_alive
    assert not is_process(pid)
    assert fake.get(Stop) == Failed(fake.client.next_id() - 1, NOT_RUNNING)

    assert fake.restarted().device == "a fake"
    assert fake.client.is_alive
    assert isinstance(fake.get(Stop), Done)


def test_an_engine_that_ends_says_what_it_printed_last(fake: Viewer) -> None:
    fake.ask(LoadModel, "exit 7")
    died = fake.until_kind(Died)
    assert "exit code 7" in died.message
    assert "strokes are safe" in died.message
    assert died.details.endswith("the reason for it")


@posix
def test_a_crash_is_named(fake: Viewer) -> None:
    fake.ask(LoadModel, f"signal {int(signal.SIGABRT)}")
    assert "crashed (SIGABRT)" in fake.until_kind(Died).message


def test_a_process_that_never_connects_is_told_about(folder: Path) -> None:
    before = len(engine_threads())
    code = "import sys; print('no luck'); sys.exit(5)"
    client = EngineClient(command=[sys.executable, "-c", code])
    client.start()
    viewer = Viewer(client)
    stop = viewer.ask(Stop)
    assert viewer.answer(stop, 20).message.startswith("The engine stopped")
    died = viewer.until_kind(Died)
    assert "exit code 5" in died.message
    assert died.details == "no luck"
    assert wait_for(lambda: len(engine_threads()) == before)
    assert not any(folder.iterdir())


def test_a_command_that_does_not_exist_is_told_about(folder: Path) -> None:
    client = EngineClient(command=[str(folder / "no-python")])
    client.start()
    (died,) = client.poll()
    assert isinstance(died, Died)
    assert "could not be started" in died.message
    assert not client.is_alive
    assert not any(folder.iterdir())


def test_a_restart_answers_what_was_open(fake: Viewer) -> None:
    fake.until_kind(Ready)
    asleep = fake.ask(LoadModel, "sleep 60")
    fake.client.restart()
    assert "restarted" in fake.answer(asleep).message
    fake.until_kind(Ready)
    assert not any(isinstance(event, Died) for event in fake.seen)
    assert isinstance(fake.get(CloseImage, "a"), Done)


@posix
def test_closing_reaps_the_process_and_its_threads(fake: Viewer) -> None:
    fake.until_kind(Ready)
    pid = fake.client.pid
    assert pid is not None
    begin = time.perf_counter()
    fake.client.close()
    assert time.perf_counter() - begin < 3
    assert not is_process(pid)
    assert not engine_threads()
    assert fake.client.poll() == []
    fake.client.close()


@posix
def test_an_engine_that_does_not_listen_is_killed(fake: Viewer) -> None:
    fake.get(LoadModel, "stubborn")
    pid = fake.client.pid
    assert pid is not None
    begin = time.perf_counter()
    fake.client.close()
    assert time.perf_counter() - begin < 4
    assert not is_process(pid)


@posix
def test_a_forgotten_client_takes_its_engine_along() -> None:
    client = EngineClient(command=FAKE_ENGINE)
    client.start()
    Viewer(client).until_kind(Ready)
    pid = client.pid
    assert pid is not None
    del client
    gc.collect()
    assert not is_process(pid)


def test_numbers_of_requests_do_not_repeat(fake: Viewer) -> None:
    numbers = [fake.client.next_id() for _ in range(100)]
    assert len(set(numbers)) == 100
