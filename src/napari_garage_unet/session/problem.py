"""Something that went wrong, for people to read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What the hint line shows instead of the next thing to do.

    Parameters
    ----------
    message
        One or two sentences.
    details
        For a bug report; behind a fold.
    can_restart
        Whether restarting the engine is what helps.
    """

    message: str
    details: str = ""
    can_restart: bool = False
