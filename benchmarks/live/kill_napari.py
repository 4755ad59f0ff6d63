"""Kill napari at random moments while a person paints, and count what is lost.

napari runs as a child process with a window (`painting_napari`), on a virtual display
where there is none.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.live.brush_log import read_dabs, seconds_missing
from benchmarks.live.kill_scene import (
    DEFAULT_KILLS,
    IMAGE_NAME,
    PATIENCE_SECONDS,
    picture,
    saving_into,
    wait,
)
from benchmarks.results import Direction, Mark
from napari_garage_unet.process.protocol.messages import Event, Request
from napari_garage_unet.project.folders import PROJECTS_VARIABLE
from napari_garage_unet.session import close_session, get_session

ROOT = Path(__file__).resolve().parents[2]

PAINTER = Path(__file__).with_name("painting_napari.py")
"""The program that paints. It imports Qt, so it is not imported here."""

MAX_MISSING_SECONDS = 2.0
"""Paint of so many seconds before a kill may be missing."""

RESTORE_SECONDS = 20.0
"""Time in which strokes have to be offered, and then restored."""

Figures = dict[str, Any]


def kill_napari(
    *, kills: int = DEFAULT_KILLS, seed: int = 0
) -> tuple[Figures, list[Mark]]:
    """Kill napari at random moments while a person paints, and restore the strokes.

    Parameters
    ----------
    kills
        Number of kills.
    seed
        Seed of the moments and of the strokes.

    Returns
    -------
    figures : dict
        Per kill, the seconds of paint that were missing.
    marks : list of Mark
        How often strokes were offered, and how much was missing at most.
    """
    rng = np.random.default_rng(seed)
    rounds = [
        _kill_once(seconds=float(rng.uniform(0.5, 8)), seed=int(rng.integers(1 << 31)))
        for _ in range(kills)
    ]
    worst = max(each["seconds_missing"] for each in rounds)
    marks = [
        Mark(
            "napari kills after which strokes are offered",
            float(sum(each["offered"] for each in rounds)),
            float(sum(each["old_enough"] for each in rounds)),
        ),
        Mark(
            "seconds of paint missing after a kill of napari",
            worst,
            MAX_MISSING_SECONDS,
            Direction.AT_MOST,
        ),
    ]
    return {"seed": seed, "worst_seconds_missing": worst, "rounds": rounds}, marks


def _kill_once(*, seconds: float, seed: int) -> Figures:
    """Paint for some seconds, kill napari, restore, and compare."""
    with tempfile.TemporaryDirectory(prefix="garage-kills-") as folder:
        log = Path(folder) / "log"
        projects = str(Path(folder) / "projects")
        child = subprocess.Popen(
            [
                *_with_display(),
                sys.executable,
                str(PAINTER),
                "--log",
                str(log),
                "--seed",
                str(seed),
            ],
            env={**os.environ, PROJECTS_VARIABLE: projects},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            pid = _wait_for_paint(child, log)
            time.sleep(seconds)
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            killed = time.time()
        finally:
            if child.poll() is None:
                child.wait(timeout=30)
            assert child.stderr is not None
            child.stderr.close()
        dabs = [dab for dab in read_dabs(log) if dab.time <= killed]
        strokes = _restore(projects)
    missing = seconds_missing(dabs, strokes, killed)
    return {
        "seconds_painted": round(killed - dabs[0].time, 2),
        "dabs": len(dabs),
        "old_enough": killed - dabs[0].time > MAX_MISSING_SECONDS,
        "offered": strokes is not None,
        "seconds_missing": round(missing, 3),
    }


def _with_display() -> list[str]:
    has_one = os.environ.get("DISPLAY") and os.environ.get("QT_QPA_PLATFORM") == "xcb"
    if not sys.platform.startswith("linux") or has_one:
        return []
    return [str(ROOT / "scripts" / "with-display.sh"), "--virtual"]


def _wait_for_paint(child: subprocess.Popen[bytes], log: Path) -> int:
    """Wait until something was painted; return the id of napari's process."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        lines = log.read_text().splitlines() if log.exists() else []
        if len(lines) > 2:
            return int(json.loads(lines[0])["pid"])
        if child.poll() is not None:
            assert child.stderr is not None
            errors = child.stderr.read().decode(errors="replace")
            raise RuntimeError(f"napari did not come up:\n{errors[-2000:]}")
        time.sleep(0.05)
    raise RuntimeError(f"Nothing was painted within {PATIENCE_SECONDS:.0f} s.")


def _restore(projects: str) -> NDArray[Any] | None:
    """Restore the strokes in a new session; return None if none are offered."""
    from napari.components import ViewerModel

    with saving_into(projects):
        viewer = ViewerModel()
        session = get_session(viewer, make_client=_NoEngine)
        try:
            viewer.add_image(picture(), name=IMAGE_NAME, rgb=True)
            recovery = session.recovery
            if not wait(
                session, lambda: recovery.recoverable is not None, RESTORE_SECONDS
            ):
                return None
            session.restore_project()
            wait(session, lambda: bool(session.counts), RESTORE_SECONDS)
            current = session.images.current
            if current is None or current.strokes is None:
                return None
            return np.array(current.strokes.data)
        finally:
            close_session(viewer)


class _NoEngine:
    """A client without an engine process, where only strokes matter."""

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
        """Accept a request that is never answered."""

    def poll(self) -> list[Event]:
        return []
