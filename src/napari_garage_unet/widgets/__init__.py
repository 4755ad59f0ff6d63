"""The docks. Imported one by one, when napari opens them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .objects import ObjectsWidget
    from .segment.segment import SegmentWidget
    from .thresholds.thresholds import ThresholdsWidget
    from .train.train import TrainWidget

__all__ = ["ObjectsWidget", "SegmentWidget", "ThresholdsWidget", "TrainWidget"]

_HOME = {
    "TrainWidget": ".train.train",
    "SegmentWidget": ".segment.segment",
    "ThresholdsWidget": ".thresholds.thresholds",
    "ObjectsWidget": ".objects",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
