"""How soon the canvas shows what a person changes in the Thresholds dock.

A real window with a 2048 x 2048 image and kept probabilities. The line of a class is
dragged with the mouse to seeded random places, and the clock runs from the mouse event
to the moment at which Qt has put the frame with the other labels on the screen.
napari's own opacity slider of the same layer, moved in turns, is the reference: it
changes no pixel, so its time is that of the window.

The probabilities are synthetic: smooth fields with a fine texture, whose labels have as
many regions and outlines as those of a model that learnt the garage photograph (8
classes) or nuclei (2 classes).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import napari
import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication
from scipy import ndimage

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.palette import color_for
from napari_garage_unet.engine.labels.regions import find_regions
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.layers.colors import result_colormap
from napari_garage_unet.layers.matching import make_result_layer
from napari_garage_unet.layers.writing import insert_quietly
from napari_garage_unet.session import Session, get_session
from napari_garage_unet.session.results.result import Result

SIDE_PIXELS = 2048
MIN_SIZE_PIXELS = 64.0
MOVED_CLASS = 2
"""The class whose threshold is moved."""

FIELDS = {2: (16.0, 0.25), 8: (32.0, 0.2)}
"""Sigma of the smooth part and share of the texture, by the number of classes."""

MAX_PAUSE_SECONDS = 0.016
"""Longest time between a frame and the next move of the mouse."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from a mouse event to the screen, one number per move.

    Parameters
    ----------
    threshold
        Moves of the threshold.
    opacity
        Moves of napari's opacity slider, in turns with them.
    seeds
        Moves of the split distance until the seeds are shown.
    regions, runs
        Regions of the labels at automatic thresholds, and runs of equal labels.
    """

    threshold: list[float]
    opacity: list[float]
    seeds: list[float]
    regions: int
    runs: int


def measure_latency(n_classes: int, *, moves: int, seed: int = 0) -> Latency:
    """Open a window, drag, and close it again."""
    rng = np.random.default_rng(seed)
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1400, 900)
    layer = viewer.add_image(
        rng.integers(0, 255, (SIDE_PIXELS, SIDE_PIXELS), np.uint8), name="image"
    )
    session = get_session(viewer)
    result = _make_result(viewer, session, layer, make_levels(n_classes, rng))
    _, widget = viewer.window.add_plugin_dock_widget("napari-garage-unet", "Thresholds")
    dock = getattr(widget, "__wrapped__", widget)
    viewer.layers.selection.active = result.layer
    _live(2.0)
    with warnings.catch_warnings():
        # Neither the canvas nor napari's slider is public.
        warnings.simplefilter("ignore")
        window = viewer.window._qt_viewer
    screen = Screen(window.canvas)
    controls = window.controls.widgets[result.layer]
    opacity = controls._opacity_blending_controls.opacity_slider
    redrawn = _Counter()
    result.layer.events.set_data.connect(redrawn)
    slider = dock.rows[MOVED_CLASS - 1].slider
    regions = find_regions(np.ascontiguousarray(result.layer.data))

    thresholds, opacities = [], []
    _mouse(slider, QEvent.Type.MouseButtonPress, slider.value)
    _live(0.2)
    for value in _far_apart(rng, moves):
        before = redrawn.count
        thresholds.append(
            screen.time(
                lambda value=value: _mouse(slider, QEvent.Type.MouseMove, value),
                lambda before=before: redrawn.count > before,
            )
        )
        _live(rng.uniform(0, MAX_PAUSE_SECONDS))
        opacities.append(
            screen.time(lambda: opacity.setValue(rng.uniform(0.3, 0.9)), lambda: True)
        )
        _live(rng.uniform(0, MAX_PAUSE_SECONDS))
    _mouse(slider, QEvent.Type.MouseButtonRelease, slider.value)
    _live(0.5)
    seeds = _move_split_distance(session, dock, screen, rng, moves // 4)
    viewer.close()
    _live(0.5)
    return Latency(
        thresholds, opacities, seeds, regions.labels.size, regions.run_starts.size
    )


def make_levels(n_classes: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Make probabilities ``(n_classes, 2048, 2048)`` uint8, in which 255 is 1."""
    sigma, share = FIELDS[n_classes]
    odds = np.empty((n_classes, SIDE_PIXELS, SIDE_PIXELS), np.float32)
    for field in odds:
        smooth, fine = (
            ndimage.gaussian_filter(
                rng.standard_normal((SIDE_PIXELS, SIDE_PIXELS), dtype=np.float32), width
            )
            for width in (sigma, 2.0)
        )
        field[...] = smooth / smooth.std() + share * fine / fine.std()
    np.exp(4 * odds, out=odds)
    levels: NDArray[np.uint8] = np.rint(odds / odds.sum(axis=0) * 255).astype(np.uint8)
    return levels


class Screen:
    """Notices when a change has reached the screen.

    Parameters
    ----------
    canvas
        napari's canvas.
    """

    def __init__(self, canvas: Any) -> None:
        self._drawn = 0
        self._shown = 0
        self._shown_at = 0.0
        canvas._scene_canvas.events.draw.connect(self._on_draw, position="last")
        canvas.native.frameSwapped.connect(self._on_shown)

    def time(
        self, change: Callable[[], object], has_changed: Callable[[], bool]
    ) -> float:
        """Make a change and return after how many milliseconds it was to be seen.

        Parameters
        ----------
        change
            What a person does.
        has_changed
            Whether it has reached the layer; only frames drawn after that count.
        """
        begin = time.perf_counter()
        change()
        _until(has_changed)
        drawn = self._drawn
        _until(lambda: self._drawn > drawn)
        shown = self._shown
        _until(lambda: self._shown > shown)
        return (self._shown_at - begin) * 1000

    def _on_draw(self, event: Any) -> None:
        self._drawn += 1

    def _on_shown(self) -> None:
        self._shown += 1
        self._shown_at = time.perf_counter()


class _Counter:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, event: Any = None) -> None:
        self.count += 1


def _make_result(
    viewer: Any, session: Session, image_layer: Any, levels: NDArray[np.uint8]
) -> Result:
    classes = tuple(
        ClassInfo(i, f"class {i}", color_for(i), background=i == 1)
        for i in range(1, len(levels) + 1)
    )
    layer = make_result_layer(
        image_layer,
        np.zeros((SIDE_PIXELS, SIDE_PIXELS), np.uint8),
        name="image segmentation",
        colormap=result_colormap(classes),
        classes=classes,
        metadata={"kind": "segmentation"},
    )
    insert_quietly(viewer, layer)
    annotated = session.images.current
    assert annotated is not None
    result = Result(
        annotated,
        annotated.image(),
        layer,
        classes=classes,
        model="made up",
        rules={info.id: ClassRule(min_size=MIN_SIZE_PIXELS) for info in classes},
    )
    result.put((), levels, state=(0, 0))
    session.results.add(result)
    return result


def _far_apart(rng: np.random.Generator, count: int) -> list[float]:
    """Random thresholds, each so far from the one before that labels change."""
    values = [0.5]
    while len(values) <= count:
        value = float(rng.uniform(0.15, 0.85))
        if abs(value - values[-1]) > 0.03:
            values.append(value)
    return values[1:]


def _move_split_distance(
    session: Session, dock: Any, screen: Screen, rng: np.random.Generator, count: int
) -> list[float]:
    """Split the class and move the slider of the distance while seeds are shown."""
    clean_up, shown = dock.clean_up, _Counter()
    clean_up.form.field("split").click()
    session.seeds.changed.connect(shown)
    _until(lambda: session.seeds.layer is not None and session.seeds.is_up_to_date)
    _live(0.5)
    clean_up.slider.setSliderDown(True)
    taken = []
    for value in rng.permutation(np.linspace(3, 20, count)):
        steps = int(value / 20 * clean_up.slider.maximum())
        before = shown.count
        taken.append(
            screen.time(
                lambda steps=steps: clean_up.slider.setValue(steps),
                lambda before=before: (
                    shown.count > before and session.seeds.is_up_to_date
                ),
            )
        )
        _live(rng.uniform(0, MAX_PAUSE_SECONDS))
    clean_up.slider.setSliderDown(False)
    _live(0.3)
    return taken


def _mouse(slider: Any, kind: QEvent.Type, value: float) -> None:
    """Do with the left button what a hand does at a threshold."""
    at = slider.position_of(value)
    left = Qt.MouseButton.LeftButton
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else left
    down = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else left
    QApplication.sendEvent(
        slider,
        QMouseEvent(
            kind,
            QPointF(at),
            QPointF(slider.mapToGlobal(at)),
            button,
            down,
            Qt.KeyboardModifier.NoModifier,
        ),
    )


def _live(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        QApplication.processEvents()
        time.sleep(0.001)


def _until(is_so: Callable[[], bool], *, seconds: float = 20.0) -> None:
    end = time.perf_counter() + seconds
    while not is_so():
        QApplication.processEvents()
        # An idle window leaves the interpreter to what works beside it.
        time.sleep(0.0005)
        if time.perf_counter() > end:
            raise TimeoutError(f"The canvas did not follow within {seconds:g} seconds.")
