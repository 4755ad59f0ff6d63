"""The docks, and the only package that imports Qt. Each is imported when it opens."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .objects import ObjectsWidget
    from .segment.segment import SegmentWidget
    from .thresholds.thresholds import ThresholdsWidget
    from .train.train import TrainWidget

__all__ = ["ObjectsWidget", "SegmentWidget", "ThresholdsWidget", "TrainWidget"]

_MODULES = {
    "TrainWidget": ".train.train",
    "SegmentWidget": ".segment.segment",
    "ThresholdsWidget": ".thresholds.thresholds",
    "ObjectsWidget": ".objects",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
