"""The entry of this plugin in the metadata of a layer, which travels with the layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari.layers import Layer

METADATA_KEY = "napari-garage-unet"
"""Key of that entry in ``layer.metadata``."""


def plugin_metadata(layer: Layer) -> dict[str, Any]:
    """Return this plugin's entry in the metadata of a layer; empty if there is none."""
    entry = layer.metadata.get(METADATA_KEY, {})
    return entry if isinstance(entry, dict) else {}


def mark_result(layer: Layer, entry: Mapping[str, Any]) -> None:
    """Write the entry of a layer that shows a result.

    Parameters
    ----------
    layer
        The layer.
    entry
        Says what it shows, with its ``kind``.
    """
    layer.metadata[METADATA_KEY] = {**entry, "layer": str(layer.unique_id)}


def is_made_for_strokes(layer: Layer) -> bool:
    """Return whether this plugin made the layer, or its original, for strokes."""
    entry = plugin_metadata(layer)
    return entry.get("kind", "strokes") == "strokes" and "classes" in entry
