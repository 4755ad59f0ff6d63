"""Every control says what it does, can be reached by keyboard, and is not cut off."""

from __future__ import annotations

import numpy as np
import pytest
from made_results import CLASSES, balls, levels_of, make_result
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QScrollBar,
    QSizePolicy,
    QWidget,
)

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.session.training.live_model import Phase
from napari_garage_unet.widgets.common.dock import DOCK_WIDTH_PIXELS
from napari_garage_unet.widgets.thresholds.threshold_slider import ThresholdSlider
from napari_garage_unet.widgets.train.train import MIN_DOCK_WIDTH_PIXELS

DOCKS = ("Train U-Net", "Segment", "Thresholds", "Objects")
CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    ThresholdSlider,
)
NAMES = ("floor", "motorcycle", "wheel", "shelves", "bench and other things")


@pytest.fixture
def result(viewer, session):
    """Five classes on a picture with a scale."""
    cell = balls((60, 80), [(20, 20), (40, 60)])
    rest = np.stack([(1 - cell) / 4] * 4)
    levels = np.rint(np.concatenate([rest[:1], cell[None], rest[1:]]) * 255)
    layer = viewer.add_image(
        np.rint(cell * 255).astype(np.uint8),
        name="cells of the first series, day 3",
        scale=(0.25, 0.25),
        units=("um", "um"),
    )
    session.new_strokes()
    return make_result(
        viewer,
        session,
        layer,
        levels.astype(np.uint8),
        classes=tuple(
            ClassInfo(i, name, background=i == 1) for i, name in enumerate(NAMES, 1)
        ),
    )


def controls(dock):
    """What a person can use, without the parts that Qt makes them of."""
    for kind in CONTROLS:
        for widget in dock.findChildren(kind):
            parents = []
            parent = widget.parentWidget()
            while parent is not None and parent is not dock:
                parents.append(parent)
                parent = parent.parentWidget()
            is_part = any(isinstance(p, CONTROLS) for p in parents)
            if not isinstance(widget, QScrollBar) and not is_part:
                yield widget


def open_folds(dock):
    if hasattr(dock, "clean_up"):
        dock.clean_up.fold.expand()
        dock.clean_up.form.field("split").setChecked(True)
    if hasattr(dock, "classes"):
        dock.more.expand()


@pytest.mark.parametrize("name", DOCKS)
def test_every_control_says_what_it_does(name, result, open_dock, settle):
    dock = open_dock(name)
    open_folds(dock)
    settle()
    found = list(controls(dock))
    assert len(found) >= 3
    for widget in found:
        said = widget.toolTip()
        assert len(said.split()) >= 3, (type(widget), widget.objectName(), said)


@pytest.mark.parametrize("name", DOCKS)
def test_every_control_can_be_reached_by_keyboard(name, result, open_dock, settle):
    dock = open_dock(name)
    open_folds(dock)
    settle()
    for widget in controls(dock):
        if widget.isVisible():
            reach = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            assert reach, (type(widget), widget.toolTip())


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", DOCKS)
def test_nothing_is_cut_off(
    name, theme, viewer, result, open_dock, settle, needed_width
):
    viewer.theme = theme
    dock = open_dock(name)
    dock.window().resize(1280, 800)
    open_folds(dock)
    settle()
    assert needed_width(dock) <= DOCK_WIDTH_PIXELS
    nothing_is_narrower_than_it_needs(dock)


def nothing_is_narrower_than_it_needs(dock):
    for widget in dock.findChildren(QWidget):
        if not isinstance(widget, (QLabel, QAbstractButton, QAbstractSpinBox)):
            continue
        may_shrink = (
            widget.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Ignored
            or (isinstance(widget, QLabel) and widget.wordWrap())
            or "Eliding" in type(widget).__name__
        )
        if widget.isVisible() and not may_shrink:
            needed = widget.minimumSizeHint().width()
            width = widget.width()
            if isinstance(widget, QAbstractSpinBox):
                # What Qt asks for leaves room for the longest number there is.
                needed = widget.fontMetrics().horizontalAdvance(widget.text())
                width = widget.findChild(QLineEdit).width()
            assert width >= needed, (type(widget), widget.toolTip())
            right = widget.mapTo(dock, widget.rect().topRight()).x()
            assert right <= dock.width(), (type(widget), widget.toolTip())


def test_a_class_is_picked_by_keyboard(result, open_dock, settle):
    dock = open_dock("Thresholds")
    QApplication.setActiveWindow(dock.window())
    settle()
    dock.rows[2].slider.setFocus()
    settle()
    assert dock.clean_up.title.text() == "Clean up wheel"
    QTest.keyClick(dock.rows[2].slider, Qt.Key.Key_Right)
    assert result.rule(3).threshold == pytest.approx(0.21)


def test_undo_by_keyboard(result, open_dock, settle):
    dock = open_dock("Thresholds")
    QApplication.setActiveWindow(dock.window())
    dock.rows[1].slider.setFocus()
    settle()
    QTest.keyClick(dock.rows[1].slider, Qt.Key.Key_Right)
    assert 2 in result.rules
    QTest.keyClick(
        dock.rows[1].slider, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier
    )
    assert result.rule(2).threshold is None
    QTest.keyClick(
        dock.rows[1].slider,
        Qt.Key.Key_Z,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    assert result.rule(2).threshold is not None


def test_rows_of_another_result_are_not_drawn_over_each_other(
    viewer, session, result, open_dock, settle
):
    dock = open_dock("Thresholds")
    old = dock.rows
    cell = balls((60, 80), [(20, 20)])
    layer = viewer.add_image(np.rint(cell * 255).astype(np.uint8), name="another")
    other = make_result(viewer, session, layer, levels_of(cell), model="other")
    dock.show_result(other)
    assert [row.class_id for row in dock.rows] == [info.id for info in CLASSES]
    assert not any(row.isVisible() for row in old)


MAX_PIXELS_OUTSIDE = 2
"""Pixels of a frame that may be outside; nothing is drawn there."""


def is_in_sight(widget, dock):
    """Whether all of a widget can be seen without scrolling the dock."""
    viewport = dock.column.parentWidget().parentWidget()
    corners = widget.rect().topLeft(), widget.rect().bottomRight()
    return widget.isVisible() and all(
        -MAX_PIXELS_OUTSIDE <= widget.mapTo(viewport, at).y() <= viewport.height()
        and widget.mapTo(viewport, at).x() <= viewport.width() + MAX_PIXELS_OUTSIDE
        for at in corners
    )


def resize(dock, width):
    window = dock.window()
    window.resize(1280, 800)
    outer = dock.parentWidget()
    while not isinstance(outer, QDockWidget):
        outer = outer.parentWidget()
    window.resizeDocks([outer], [width], Qt.Orientation.Horizontal)


@pytest.fixture
def trained(painted, engine, wait):
    """Nine classes, and three versions of what was learnt from two of them."""
    while len(painted.classes) < 9:
        painted.add_class()
    painted.classes.rename(2, "motorcycle and bicycle")
    for number in range(1, 4):
        painted.learn()
        # No dock is open that would poll.
        wait(lambda: painted.poll() or painted.live.phase is Phase.LEARNING)
        engine.finish("plateau")
        wait(lambda n=number: painted.poll() or len(painted.versions) == n)
    return painted


@pytest.mark.parametrize(
    ("width", "theme"), [(DOCK_WIDTH_PIXELS, "dark"), (MIN_DOCK_WIDTH_PIXELS, "light")]
)
@pytest.mark.parametrize("state", ["resting", "learning", "engine died"])
def test_what_to_do_next_is_in_sight_however_much_was_learnt(
    state, width, theme, viewer, trained, engine, open_dock, wait, settle
):
    viewer.theme = theme
    dock = open_dock("Train U-Net")
    resize(dock, width)
    if state == "learning":
        trained.learn()
        wait(lambda: trained.live.phase is Phase.LEARNING)
    elif state == "engine died":
        engine.die()
        wait(lambda: dock.hint.restart.isVisible())
        assert is_in_sight(dock.hint.restart, dock)
    settle()
    assert dock.width() <= width
    nothing_is_narrower_than_it_needs(dock)
    assert len(dock.versions.buttons) == 3
    for widget in (
        dock.learn_button,
        dock.by_itself,
        dock.hint,
        dock.guidance.button,
        dock.guidance.box,
        dock.curve,
        dock.figures,
        dock.versions.buttons[-1],
        *dock.classes.rows,
    ):
        assert is_in_sight(widget, dock), widget.toolTip()


def test_the_settings_can_be_read_in_a_narrow_dock(viewer, painted, open_dock, settle):
    dock = open_dock("Train U-Net")
    resize(dock, MIN_DOCK_WIDTH_PIXELS)
    dock.more.expand()
    settle()
    nothing_is_narrower_than_it_needs(dock)
    for form in dock.more.forms:
        fields = [f for f in form.findChildren(QWidget) if f.parent() is form]
        rows = sorted((f.geometry() for f in fields), key=lambda r: r.top())
        assert not any(
            a.intersects(b) for i, a in enumerate(rows) for b in rows[i + 1 :]
        )


LONG_NAME = "2024-06-03_experiment-17_registered_and_cropped_final-version-2.ome.tif"


def test_long_names_do_not_widen_the_dock(painted, open_dock, settle, needed_width):
    viewer = painted.viewer
    image = painted.images.current.layer
    image.name = LONG_NAME
    dock = open_dock("Train U-Net")
    resize(dock, MIN_DOCK_WIDTH_PIXELS)
    added = painted.add_class()
    painted.rename_class(added, LONG_NAME)
    painted.remove_class(added)
    moved = viewer.add_labels(
        np.ones((40, 60), np.uint8), name=LONG_NAME, translate=(9, 9)
    )
    assert not painted.choose_strokes(moved)
    mask = viewer.add_labels(np.ones((40, 60), np.uint8), name="mask-" + LONG_NAME)
    painted.images.current.choose_mask(mask)
    dock.images.refresh()
    settle()
    assert LONG_NAME in dock.images.description.text()
    assert LONG_NAME in dock.hint.text.text()
    assert dock.take_over.isVisible()
    assert dock.classes.undo_button.isVisible()
    assert needed_width(dock) <= MIN_DOCK_WIDTH_PIXELS
    nothing_is_narrower_than_it_needs(dock)
