"""The phases of training."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """What the training of a session is doing."""

    IDLE = "idle"
    STARTING = "starting"
    LEARNING = "learning"
    STOPPING = "stopping"
