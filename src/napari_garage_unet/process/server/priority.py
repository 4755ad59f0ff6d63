"""The priority of the engine process."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

logger = logging.getLogger(__name__)

NICENESS = 10
"""Added to the niceness: about a tenth of the processor where the viewer computes."""

OOM_SCORE = 500
"""How early, of -1000 to 1000, Linux ends the process when memory runs out."""

AUTOGROUP_WAIT_SECONDS = 0.1
"""Linux takes one change of an autogroup in this time."""


def lower_priority() -> None:
    """Lower the priority of this process below that of the viewer.

    Windows does so when it is started. On Linux it is also the first to be ended when
    memory runs out, so that the viewer with its strokes stays.
    """
    if sys.platform == "win32":
        return
    os.nice(NICENESS)
    _lower_session()
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text(str(OOM_SCORE))


def _lower_session() -> None:
    """Lower the priority of this process's session, where Linux groups by session.

    With "autogroup", the usual setting, sessions share the processor in equal parts,
    and the niceness of a process counts only within its session (sched(7)). The engine
    has a session to itself, and would take half of the processor from the viewer.
    """
    group = Path("/proc/self/autogroup")
    if os.getsid(0) != os.getpid() or not group.exists():
        return
    for _ in range(5):
        try:
            group.write_text(str(NICENESS))
        except BlockingIOError:
            time.sleep(AUTOGROUP_WAIT_SECONDS)
        except OSError as error:
            logger.info("The priority of the session stays as it is: %s", error)
            return
        else:
            return
