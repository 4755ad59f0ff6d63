"""Kills the engine, and napari itself, at random moments, and counts what is lost.

`kill_engine` and `kill_napari` return figures and marks for a `results.Report`. napari
runs as a child process with a window, in which a person paints without a break; where
there is no display, it gets a virtual one.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.results import Direction, Mark
from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.engine.models.loading import load_model
from napari_garage_unet.process.protocol.messages import Event, Request
from napari_garage_unet.project.folders import VARIABLE
from napari_garage_unet.session import Session, close_session, get_session
from napari_garage_unet.session.training.live_model import Phase

ROOT = Path(__file__).resolve().parents[2]

KILLS = 20

BEHIND = 2.0
"""Seconds of paint that may be missing after a kill of napari."""

PATIENCE = 180.0
"""Seconds after which something that was waited for is said not to happen."""

SIZE = 512
"""Rows and columns of the image that is painted on."""

NAME = "cells"

EDGE = 1.5
"""Pixels inside and outside the edge of the brush that are not compared."""

Figures = dict[str, Any]


def kill_engine(*, kills: int = KILLS, seed: int = 0) -> tuple[Figures, list[Mark]]:
    """Kill the engine process at random moments of painting, learning and resting.

    Parameters
    ----------
    kills
        How often.
    seed
        Of the moments, of what is done before them, and of the strokes.

    Returns
    -------
    figures : dict
        What happened at each kill.
    marks : list of Mark
        A message and a restart each time; nothing painted and nothing kept lost.
    """
    rng = np.random.default_rng(seed)
    with _session() as session:
        for _ in range(2):
            _keep_a_version(session, rng)
        rounds = [_kill_engine_once(session, rng) for _ in range(kills)]
    marks = [
        Mark("engine kills that gave a message", _count(rounds, "message"), kills),
        Mark("engine kills after which it works again", _count(rounds, "works"), kills),
        _none_of("stroke pixels lost by engine kills", rounds, "pixels_lost"),
        _none_of("kept versions lost by engine kills", rounds, "versions_lost"),
    ]
    return {"seed": seed, "rounds": rounds}, marks


def kill_napari(*, kills: int = KILLS, seed: int = 0) -> tuple[Figures, list[Mark]]:
    """Kill napari at random moments while somebody paints, and restore.

    Parameters
    ----------
    kills
        How often.
    seed
        Of the moments and the strokes.

    Returns
    -------
    figures : dict
        Per kill the seconds of paint that were missing.
    marks : list of Mark
        How many were restored, and how much was missing at the most.
    """
    rng = np.random.default_rng(seed)
    rounds = [
        _kill_napari_once(
            seconds=float(rng.uniform(0.5, 8)), seed=int(rng.integers(1 << 31))
        )
        for _ in range(kills)
    ]
    worst = max(each["seconds_missing"] for each in rounds)
    marks = [
        Mark(
            "napari kills after which strokes are offered",
            _count(rounds, "offered"),
            _count(rounds, "old_enough"),
        ),
        Mark(
            "seconds of paint missing after a kill of napari",
            worst,
            BEHIND,
            Direction.AT_MOST,
        ),
    ]
    return {"seed": seed, "worst_seconds_missing": worst, "rounds": rounds}, marks


def _count(rounds: list[Figures], key: str) -> float:
    return float(sum(bool(each[key]) for each in rounds))


def _none_of(name: str, rounds: list[Figures], key: str) -> Mark:
    return Mark(name, float(sum(each[key] for each in rounds)), 0, Direction.AT_MOST)


# -- the engine -------------------------------------------------------------------


def picture() -> NDArray[np.uint8]:
    """Bright spots on a dark ground, the same each time; ``(SIZE, SIZE, 3)``."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:SIZE, :SIZE]
    image = rng.normal(70, 12, (SIZE, SIZE, 3))
    for row, column in itertools.product(range(64, SIZE, 128), repeat=2):
        spot = (y - row) ** 2 + (x - column) ** 2 < 30**2
        image[spot] += (90, 60, 20)
    return np.clip(image, 0, 255).astype(np.uint8)


@contextmanager
def _session() -> Iterator[Session]:
    """A session with the picture, without a window, that saves to a folder of its own.

    Its engine process is the real one.
    """
    from napari.components import ViewerModel

    with tempfile.TemporaryDirectory(prefix="garage-kills-") as folder, _saving(folder):
        viewer = ViewerModel()
        session = get_session(viewer)
        viewer.add_image(picture(), name=NAME, rgb=True)
        try:
            yield session
        finally:
            close_session(viewer)


@contextmanager
def _saving(folder: str) -> Iterator[None]:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _wait(session: Session, is_so: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        session.poll()
        time.sleep(0.01)
    return True


def _paint(session: Session, rng: np.random.Generator) -> NDArray[Any]:
    """Paint a stroke of two classes; all strokes as they are then."""
    layer = session.strokes_layer()
    for class_id in (1, 2):
        y, x = rng.integers(10, SIZE - 60, 2)
        layer.data[y : y + 5, x : x + 50] = class_id
    layer.refresh()
    return np.array(layer.data)


def _keep_a_version(session: Session, rng: np.random.Generator) -> None:
    known = len(session.versions)
    _paint(session, rng)
    session.learn()
    _wait(session, lambda: session.live.phase is Phase.LEARNING, PATIENCE)
    session.stop()
    if not _wait(session, lambda: len(session.versions) > known, PATIENCE):
        raise RuntimeError(f"No version was kept: {session.hint}")


def _kill_engine_once(session: Session, rng: np.random.Generator) -> Figures:
    strokes = _paint(session, rng)
    layer = session.strokes_layer()
    if not session.live.is_running:
        session.learn()
    _wait(session, lambda: session.live.phase is Phase.LEARNING, PATIENCE)
    doing = str(rng.choice(["learning", "resting", "going back"]))
    _wait(session, lambda: False, float(rng.uniform(0.2, 3)))
    if doing == "resting":
        session.stop()
    elif doing == "going back":
        versions = list(session.versions)
        session.restore_version(versions[int(rng.integers(len(versions)))])
    _wait(session, lambda: False, float(rng.uniform(0, 2)))
    kept = [version.id for version in session.versions]
    client: Any = session.link.client
    # The signal of Windows that ends a process at once has another name.
    os.kill(client.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    message = _wait(session, lambda: session.problem is not None, 20)
    said = session.problem.message if session.problem else ""
    session.restart()
    session.learn()
    steps = session.live.step
    works = _wait(
        session,
        lambda: session.live.phase is Phase.LEARNING and session.live.step != steps,
        PATIENCE,
    )
    return {
        "killed_while": doing,
        "message": message and "strokes are safe" in said,
        "said": said,
        "works": works and session.problem is None,
        "said_after": session.problem.message if session.problem else "",
        "pixels_lost": int(np.count_nonzero(layer.data != strokes)),
        "versions": len(kept),
        "versions_lost": sum(not _is_whole(session, each) for each in kept),
    }


def _is_whole(session: Session, version_id: str) -> bool:
    version = session.versions.by_id(version_id)
    if version is None:
        return False
    try:
        load_model(session.versions.path(version))
    except GarageError:
        return False
    return True


# -- napari -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dab:
    """A brush put down at a place: time, row, column, class, size, stroke."""

    time: float
    y: float
    x: float
    class_id: int
    size: float
    stroke: int


def _kill_napari_once(*, seconds: float, seed: int) -> Figures:
    """Let somebody paint for some seconds, kill napari, restore, and compare."""
    with tempfile.TemporaryDirectory(prefix="garage-kills-") as folder:
        log = Path(folder) / "log"
        projects = str(Path(folder) / "projects")
        child = subprocess.Popen(
            [
                *_with_display(),
                sys.executable,
                __file__,
                "--paint",
                str(log),
                "--seed",
                str(seed),
            ],
            env={**os.environ, VARIABLE: projects},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            pid = _painting(child, log)
            time.sleep(seconds)
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            killed = time.time()
        finally:
            if child.poll() is None:
                child.wait(timeout=30)
            assert child.stderr is not None
            child.stderr.close()
        dabs = [dab for dab in _read(log) if dab.time <= killed]
        strokes = _restore(projects, seconds=20)
    missing = seconds_missing(dabs, strokes, killed)
    return {
        "seconds_painted": round(killed - dabs[0].time, 2),
        "dabs": len(dabs),
        "old_enough": killed - dabs[0].time > BEHIND,
        "offered": strokes is not None,
        "seconds_missing": round(missing, 3),
    }


def seconds_missing(
    dabs: list[Dab], strokes: NDArray[Any] | None, killed: float
) -> float:
    """How long before the kill the oldest paint was painted that is missing.

    The dabs are painted again on an empty picture, which is compared with what was
    restored, but for the edges of the brush.

    Parameters
    ----------
    dabs
        In the order they were painted.
    strokes
        What was restored; None where nothing was.
    killed
        When the kill came, on the clock of the dabs.

    Returns
    -------
    float
        0 where nothing is missing.
    """
    if strokes is None:
        return killed - dabs[0].time if dabs else 0.0
    latest = np.full(strokes.shape, -1)
    # The last one stands for what nothing is known of.
    classes = np.array([*(dab.class_id for dab in dabs), 0])
    before: Dab | None = None
    for number, dab in enumerate(dabs):
        start = before if before and before.stroke == dab.stroke else dab
        box, distance = _distances(start, dab, strokes.shape)
        part = latest[box]
        # What has this class already has had it since then.
        new = classes[part] != dab.class_id
        # Whether napari has painted the very edge is not known.
        part[new & (distance <= dab.size / 2 + EDGE)] = -1
        part[new & (distance <= dab.size / 2 - EDGE)] = number
        before = dab
    known = latest >= 0
    wrong = latest[known][strokes[known] != classes[latest[known]]]
    return killed - min(dabs[n].time for n in wrong) if len(wrong) else 0.0


def _distances(
    start: Dab, end: Dab, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
    """A box around the way of the brush, and how far its pixels are from the way."""
    a, b = np.array([start.y, start.x]), np.array([end.y, end.x])
    reach = end.size / 2 + EDGE + 1
    low = np.maximum(np.floor(np.minimum(a, b) - reach), 0).astype(int)
    high = np.minimum(np.ceil(np.maximum(a, b) + reach) + 1, shape).astype(int)
    box = slice(low[0], high[0]), slice(low[1], high[1])
    grid = np.stack(np.mgrid[box], axis=-1).astype(float)
    way = b - a
    length = float(way @ way)
    share = np.clip((grid - a) @ way / length, 0, 1) if length else 0.0
    nearest = a + np.asarray(share)[..., np.newaxis] * way
    return box, np.linalg.norm(grid - nearest, axis=-1)


def _with_display() -> list[str]:
    has_one = os.environ.get("DISPLAY") and os.environ.get("QT_QPA_PLATFORM") == "xcb"
    if not sys.platform.startswith("linux") or has_one:
        return []
    return [str(ROOT / "scripts" / "with-display.sh"), "--virtual"]


def _painting(child: subprocess.Popen[bytes], log: Path) -> int:
    """Wait until something was painted; the id of napari's process."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        lines = log.read_text().splitlines() if log.exists() else []
        if len(lines) > 2:
            return int(json.loads(lines[0])["pid"])
        if child.poll() is not None:
            assert child.stderr is not None
            said = child.stderr.read().decode(errors="replace")
            raise RuntimeError(f"napari did not come up:\n{said[-2000:]}")
        time.sleep(0.05)
    raise RuntimeError(f"Nothing was painted within {PATIENCE:.0f} s.")


def _read(log: Path) -> list[Dab]:
    dabs = []
    for line in log.read_text().splitlines()[1:]:
        try:
            dabs.append(Dab(*json.loads(line)))
        except ValueError:
            break  # The kill came in the middle of a line.
    return dabs


class _NoEngine:
    """Stands in for the engine process where only strokes are looked at."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    def start(self) -> None:
        """Do nothing."""

    def restart(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def next_id(self) -> int:
        return next(self._ids)

    def send(self, request: Request) -> None:
        """Take a request that is never answered."""

    def poll(self) -> list[Event]:
        return []


def _restore(projects: str, *, seconds: float) -> NDArray[Any] | None:
    """Restore in a new session, as a person does; None when nothing is offered."""
    from napari.components import ViewerModel

    with _saving(projects):
        viewer = ViewerModel()
        session = get_session(viewer, make_client=_NoEngine)
        try:
            viewer.add_image(picture(), name=NAME, rgb=True)
            recovery = session.recovery
            if not _wait(session, lambda: recovery.recoverable is not None, seconds):
                return None
            session.restore_project()
            _wait(session, lambda: bool(session.counts), seconds)
            current = session.images.current
            if current is None or current.strokes is None:
                return None
            return np.array(current.strokes.data)
        finally:
            close_session(viewer)


# -- the child that paints --------------------------------------------------------


def paint(log: Path, *, seed: int) -> None:
    """Open napari with the Train dock and paint until killed.

    Each position of the brush is written to `log` once napari has painted it: time,
    row, column, class, brush size, stroke. The first line names the process.
    """
    import napari

    from benchmarks.live.person import Person, lines_in

    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(values: Any) -> None:
        os.write(handle, (json.dumps(values) + "\n").encode())

    numbers = itertools.count()

    def note(layer: Any, event: Any) -> Iterator[None]:
        number = next(numbers)
        while True:
            y, x = layer.world_to_data(event.position)
            label, size = int(layer.selected_label), float(layer.brush_size)
            write((time.time(), float(y), float(x), label, size, number))
            yield
            if event.type != "mouse_move":
                return

    write({"pid": os.getpid()})
    rng = np.random.default_rng(seed)
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1280, 800)
    viewer.add_image(picture(), name=NAME, rgb=True)
    _, dock = viewer.window.add_plugin_dock_widget("napari-garage-unet", "Train U-Net")
    session = dock.session
    layer = session.strokes_layer()
    person = Person(viewer)
    person.live(2.0)
    viewer.reset_view()
    session.learns_by_itself = True
    session.paint(1)
    # After napari's own callback, which paints.
    layer.mouse_drag_callbacks.append(note)
    inside = np.zeros((SIZE, SIZE), bool)
    inside[20:-20, 20:-20] = True
    for line in lines_in(inside, rng, length=int(rng.integers(40, 240))):
        session.paint(int(rng.integers(1, 4)))
        person.draw(line)
        person.live(float(rng.uniform(0, 0.3)))


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paint", type=Path, required=True, metavar="LOG")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    paint(given.paint, seed=given.seed)


if __name__ == "__main__":
    _main()
