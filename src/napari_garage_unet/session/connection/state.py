"""The state of the engine process, as the session sees it."""

from __future__ import annotations

from enum import Enum


class Engine(Enum):
    """What the engine process is doing."""

    OFF = "off"
    STARTING = "starting"
    WARMING = "warming"
    READY = "ready"
    DEAD = "dead"
