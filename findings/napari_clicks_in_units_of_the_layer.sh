#!/usr/bin/env bash
# napari 0.9.2, Linux, Python 3.11 and later, no window needed.
#
# Asked: a Labels layer whose axes have different units, nanometers along z and micrometers
# along y and x (or any layer in micrometers beside one in nanometers): where does a click
# on what is seen land in its data?
#
# Expected: on the pixel that is seen. napari 0.9 gives the world of the viewer one unit of
# length, the smallest of all layers, and draws every layer converted to it; cursor and
# extent count in that unit.
#
# Seen: the sliders and the canvas convert, but positions of the mouse do not: `get_value`
# with world=True, `world_to_data` and with them painting, filling and picking take a point
# of the viewer's world for one in the units of the layer. The middle of the world
# is a thousand times too far away, so that painting on such a layer does nothing and picking finds
# nothing. The same layer given in nanometers along all axes works.
#
# Fails if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "napari==0.9.2"
cat > "$folder/click.py" <<'PYTHON'
import napari
import numpy as np
from napari.components import ViewerModel


def picked(scale, units):
    """The id at the middle of the world, and the plane that the slider shows there."""
    viewer = ViewerModel()
    ids = np.broadcast_to(np.uint8([[[1]], [[2]], [[3]]]), (3, 100, 100)).copy()
    layer = viewer.add_labels(ids, scale=scale, units=units)
    low, high = viewer.layers.extent.world
    middle = (low + high) / 2
    viewer.dims.set_point([0, 1, 2], middle)
    plane = int(layer._slice.image.raw.max())
    value = layer.get_value(middle, view_direction=None, dims_displayed=[1, 2], world=True)
    world = " ".join(str(unit) for unit in viewer.layers.extent.units)
    print(f"units {units}: world in {world}, middle {middle.tolist()}")
    print(f"  the canvas shows plane {plane}; a click in the middle finds {value}")
    return plane, value


print("napari", napari.__version__)
mixed = picked((200, 0.1, 0.1), ("nm", "um", "um"))
alike = picked((200, 100, 100), ("nm", "nm", "nm"))
assert alike == (2, 2), alike
assert mixed == (2, None), mixed
PYTHON
"$folder/venv/bin/python" "$folder/click.py"
