"""States of the engine process."""

from __future__ import annotations

from enum import Enum


class Engine(Enum):
    """What the engine process is doing.

    ``OFF`` before the first start, ``STARTING`` until it has loaded, ``WARMING``
    until its network is traced, ``READY`` from then on, ``DEAD`` after it ended
    without being asked to.
    """

    OFF = "off"
    STARTING = "starting"
    WARMING = "warming"
    READY = "ready"
    DEAD = "dead"
