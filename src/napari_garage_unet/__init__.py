"""A napari plugin whose U-Net learns from the strokes you paint.

Public names are imported on first use, so that importing the package, as napari does
when it starts, takes no time and never loads TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine.api import load_model, train
    from .engine.models.from_keras import model_from_keras
    from .engine.models.model import Model
    from .engine.networks.unet import build_unet
    from .engine.objects.label_objects import objects
    from .engine.objects.measure import measure

__version__ = "0.1.0"
__all__ = [
    "Model",
    "__version__",
    "build_unet",
    "load_model",
    "measure",
    "model_from_keras",
    "objects",
    "train",
]

_MODULE_BY_NAME = {
    "train": ".engine.api",
    "load_model": ".engine.api",
    "Model": ".engine.models.model",
    "model_from_keras": ".engine.models.from_keras",
    "build_unet": ".engine.networks.unet",
    "measure": ".engine.objects.measure",
    "objects": ".engine.objects.label_objects",
}


def __getattr__(name: str) -> Any:
    if name in _MODULE_BY_NAME:
        return getattr(import_module(_MODULE_BY_NAME[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
