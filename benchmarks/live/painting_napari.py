"""A napari with a window in which a person paints until the process is killed.

Run as a program; each position of the brush is written to a log.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.live.kill_scene import IMAGE_NAME, SIDE_PIXELS, picture
from benchmarks.live.person import Person, lines_in

BORDER_PIXELS = 20
"""Border of the image that is not painted on."""


def paint(log: Path, *, seed: int) -> None:
    """Open napari with the Train dock and paint until killed.

    Parameters
    ----------
    log
        File for the positions of the brush, which are written once napari has painted
        them: the fields of a `Dab` in a line of JSON. The first line has the ``pid``.
    seed
        Seed of the strokes.
    """
    import napari

    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(values: Any) -> None:
        os.write(handle, (json.dumps(values) + "\n").encode())

    numbers = itertools.count()

    def note(layer: Any, event: Any) -> Iterator[None]:
        number = next(numbers)
        while True:
            y, x = layer.world_to_data(event.position)
            label, size = int(layer.selected_label), float(layer.brush_size)
            write((time.time(), float(y), float(x), label, size, number))
            yield
            if event.type != "mouse_move":
                return

    write({"pid": os.getpid()})
    rng = np.random.default_rng(seed)
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1280, 800)
    viewer.add_image(picture(), name=IMAGE_NAME, rgb=True)
    _, dock = viewer.window.add_plugin_dock_widget("napari-garage-unet", "Train U-Net")
    session = dock.session
    layer = session.strokes_layer()
    person = Person(viewer)
    person.live(2.0)
    viewer.reset_view()
    session.learns_by_itself = True
    session.paint(1)
    # After napari's own callback, which paints.
    layer.mouse_drag_callbacks.append(note)
    inside = np.zeros((SIDE_PIXELS, SIDE_PIXELS), bool)
    inside[BORDER_PIXELS:-BORDER_PIXELS, BORDER_PIXELS:-BORDER_PIXELS] = True
    for line in lines_in(inside, rng, length=int(rng.integers(40, 240))):
        session.paint(int(rng.integers(1, 4)))
        person.draw(line)
        person.live(float(rng.uniform(0, 0.3)))


def main() -> None:
    """Paint, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    paint(given.log, seed=given.seed)


if __name__ == "__main__":
    main()
