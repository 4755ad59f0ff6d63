"""The entry of this plugin in the metadata of a layer, which travels with the layer."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer

METADATA_KEY = "napari-garage-unet"
"""Key of that entry in ``layer.metadata``."""


def plugin_metadata(layer: Layer) -> dict[str, Any]:
    """Return this plugin's entry in the metadata of a layer; empty if there is none."""
    entry = layer.metadata.get(METADATA_KEY, {})
    return entry if isinstance(entry, dict) else {}
