"""Kill the engine process at random moments, and count what is lost."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.live.kill_scene import (
    DEFAULT_KILLS,
    IMAGE_NAME,
    PATIENCE_SECONDS,
    SIDE_PIXELS,
    picture,
    saving_into,
    wait,
)
from benchmarks.results import Direction, Mark
from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.engine.models.loading import load_model
from napari_garage_unet.session import Session, close_session, get_session
from napari_garage_unet.session.training.live_model import Phase

MESSAGE_SECONDS = 20.0
"""Time after a kill in which the session has to report it."""

Figures = dict[str, Any]


def kill_engine(
    *, kills: int = DEFAULT_KILLS, seed: int = 0
) -> tuple[Figures, list[Mark]]:
    """Kill the engine process at random moments of painting, learning and resting.

    Parameters
    ----------
    kills
        Number of kills.
    seed
        Seed of the moments, of what is done before them, and of the strokes.

    Returns
    -------
    figures : dict
        What happened at each kill.
    marks : list of Mark
        A message and a restart each time; no stroke and no version lost.
    """
    rng = np.random.default_rng(seed)
    with _session() as session:
        for _ in range(2):
            _keep_a_version(session, rng)
        rounds = [_kill_once(session, rng) for _ in range(kills)]
    marks = [
        Mark("engine kills that gave a message", _count(rounds, "message"), kills),
        Mark("engine kills after which it works again", _count(rounds, "works"), kills),
        _none_of("stroke pixels lost by engine kills", rounds, "pixels_lost"),
        _none_of("kept versions lost by engine kills", rounds, "versions_lost"),
    ]
    return {"seed": seed, "rounds": rounds}, marks


def _count(rounds: list[Figures], key: str) -> float:
    return float(sum(bool(each[key]) for each in rounds))


def _none_of(name: str, rounds: list[Figures], key: str) -> Mark:
    return Mark(name, float(sum(each[key] for each in rounds)), 0, Direction.AT_MOST)


@contextmanager
def _session() -> Iterator[Session]:
    """Open a session with the picture and the real engine, without a window."""
    from napari.components import ViewerModel

    with (
        tempfile.TemporaryDirectory(prefix="garage-kills-") as folder,
        saving_into(folder),
    ):
        viewer = ViewerModel()
        session = get_session(viewer)
        viewer.add_image(picture(), name=IMAGE_NAME, rgb=True)
        try:
            yield session
        finally:
            close_session(viewer)


def _paint(session: Session, rng: np.random.Generator) -> NDArray[Any]:
    """Paint a stroke of each of two classes; return a copy of all strokes."""
    layer = session.strokes_layer()
    for class_id in (1, 2):
        y, x = rng.integers(10, SIDE_PIXELS - 60, 2)
        layer.data[y : y + 5, x : x + 50] = class_id
    layer.refresh()
    return np.array(layer.data)


def _keep_a_version(session: Session, rng: np.random.Generator) -> None:
    known = len(session.versions)
    _paint(session, rng)
    session.learn()
    wait(session, lambda: session.live.phase is Phase.LEARNING, PATIENCE_SECONDS)
    session.stop()
    if not wait(session, lambda: len(session.versions) > known, PATIENCE_SECONDS):
        raise RuntimeError(f"No version was kept: {session.hint}")


def _kill_once(session: Session, rng: np.random.Generator) -> Figures:
    strokes = _paint(session, rng)
    layer = session.strokes_layer()
    if not session.live.is_running:
        session.learn()
    wait(session, lambda: session.live.phase is Phase.LEARNING, PATIENCE_SECONDS)
    doing = str(rng.choice(["learning", "resting", "going back"]))
    wait(session, lambda: False, float(rng.uniform(0.2, 3)))
    if doing == "resting":
        session.stop()
    elif doing == "going back":
        versions = list(session.versions)
        session.restore_version(versions[int(rng.integers(len(versions)))])
    wait(session, lambda: False, float(rng.uniform(0, 2)))
    kept = [version.id for version in session.versions]
    client: Any = session.link.client
    # Windows has no SIGKILL; there SIGTERM ends a process at once.
    os.kill(client.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    has_message = wait(session, lambda: session.problem is not None, MESSAGE_SECONDS)
    message = session.problem.message if session.problem else ""
    session.restart()
    session.learn()
    steps = session.live.step
    works = wait(
        session,
        lambda: session.live.phase is Phase.LEARNING and session.live.step != steps,
        PATIENCE_SECONDS,
    )
    return {
        "killed_while": doing,
        "message": has_message and "strokes are safe" in message,
        "said": message,
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
