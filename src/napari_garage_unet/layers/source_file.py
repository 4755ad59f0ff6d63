"""What the file of a layer holds besides the layer."""

from __future__ import annotations

import weakref

from napari.layers import Layer

from napari_garage_unet.engine.files.opened_elsewhere import (
    LeftOut,
    left_out_by_viewers,
)

_found: weakref.WeakKeyDictionary[Layer, tuple[str, LeftOut]] = (
    weakref.WeakKeyDictionary()
)


def left_out_of(layer: Layer) -> LeftOut:
    """Return what napari has left out of the file that a layer comes from.

    Parameters
    ----------
    layer
        Any layer; the file is looked into once.

    Returns
    -------
    LeftOut
        Empty for a layer without a file.
    """
    path = layer.source.path
    if not path:
        return LeftOut()
    known = _found.get(layer)
    if known is None or known[0] != path:
        known = _found[layer] = (str(path), left_out_by_viewers(path))
    return known[1]
