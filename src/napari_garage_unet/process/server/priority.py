"""The priority of the engine process."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from napari_garage_unet.process.client.launch import logger

NICENESS = 10
"""How far the engine stands behind the viewer: it gets a tenth where both compute."""


def lower_priority() -> None:
    """Let the viewer and everything else go first. On Windows the start has done it.

    On Linux the process also offers itself to the system first when memory runs out,
    so that the viewer with the strokes stays.
    """
    if sys.platform == "win32":
        return
    os.nice(NICENESS)
    _lower_session()
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text("500")


def _lower_session() -> None:
    """Lower the priority of this process's session, where Linux groups by session.

    With "autogroup", the usual setting, sessions share the processor in equal parts,
    and the niceness of a process counts only among those of its own session. The
    engine has one to itself, so without this it would take half of the processor from
    the viewer.
    """
    group = Path("/proc/self/autogroup")
    if os.getsid(0) != os.getpid() or not group.exists():
        return
    for _ in range(5):
        try:
            group.write_text(str(NICENESS))
        except BlockingIOError:
            time.sleep(0.1)  # Linux takes one change in a tenth of a second.
        except OSError as error:
            logger.info("The priority of the session stays as it is: %s", error)
            return
        else:
            return
