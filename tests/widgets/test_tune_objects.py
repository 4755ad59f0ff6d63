"""Tuning, suggesting, finding and listing objects in a real window."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtTest import QTest

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.labels.clean_up import apply_rules
from napari_garage_unet.engine.objects.instances import class_objects, objects_table
from napari_garage_unet.layers.colors import result_colormap
from napari_garage_unet.layers.matching import make_result_layer
from napari_garage_unet.layers.writing import insert_quietly
from napari_garage_unet.session.results.result import Result

CLASSES = (
    ClassInfo(1, "ground", "#8a8a8a", background=True),
    ClassInfo(2, "cell", "#e69f00"),
)
CENTRES = ((30, 30), (30, 110), (80, 60), (95, 125))


@pytest.fixture
def result(viewer, session):
    """Four cells whose probability falls off from 0.6, with strokes."""
    y, x = np.mgrid[:128, :160]
    near = np.min([np.hypot(y - a, x - b) for a, b in CENTRES], axis=0)
    cell = np.clip(0.6 - near / 40, 0, 1)
    levels = np.rint(np.stack([1 - cell, cell]) * 255).astype(np.uint8)
    picture = np.rint(np.clip(255 - 8 * near, 0, 255)).astype(np.uint8)
    image_layer = viewer.add_image(picture, name="cells")
    strokes = session.strokes_layer()
    for a, b in CENTRES:
        strokes.data[a - 2 : a + 3, b - 10 : b + 11] = 2
    strokes.data[50:55, 5:150] = 1
    strokes.data[2:6, 5:150] = 1
    session.images.current.look_at_all()
    annotated = session.images.current
    layer = make_result_layer(
        image_layer,
        np.zeros(picture.shape, np.uint8),
        name="cells segmentation",
        colormap=result_colormap(CLASSES),
        classes=CLASSES,
        metadata={"kind": "segmentation"},
    )
    insert_quietly(viewer, layer)
    made = Result(
        annotated, annotated.image(), layer, classes=CLASSES, model="made up", rules={}
    )
    made.put((), levels, state=(0, 0))
    session.results.add(made)
    return made


def drag(slider, target, settle):
    start, end = slider.position_of(slider.value), slider.position_of(target)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=start.toPoint())
    for part in np.linspace(0, 1, 6):
        at = QPointF(start.x() + part * (end.x() - start.x()), start.y())
        slider.move_to(at.x())
        settle(0.04)
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=end.toPoint())


def test_drag_suggest_find_objects_and_select_by_row(
    viewer, session, result, open_dock, wait, settle, tmp_path
):
    dock = open_dock("Thresholds")
    settle()
    before = (result.layer.data == 2).sum()
    drag(dock.rows[1].slider, 0.3, settle)
    assert result.rule(2).threshold == pytest.approx(0.3, abs=0.02)
    assert (result.layer.data == 2).sum() > before

    dock.history.undo_button.click()
    assert result.rules.get(2) is None or result.rule(2).threshold is None
    assert (result.layer.data == 2).sum() == before
    assert dock.history.redo_button.isEnabled()

    dock.suggest.button.click()
    wait(lambda: dock.suggest.accept_button.isVisible())
    assert "IoU on" in dock.suggest.text.text()
    assert result.rule(2).threshold is None
    dock.suggest.accept_button.click()
    assert result.rules != {}
    painted = session.images.current.strokes.data == 2
    assert (result.layer.data[painted] == 2).mean() > 0.95
    assert not dock.suggest.accept_button.isVisible()

    dock.objects.find_button.click()
    wait(lambda: session.objects.newest is not None)
    found = session.objects.newest
    assert sorted(found.table["label"].tolist()) == [1, 2, 3, 4]
    assert list(found.layer.features["class"]) == ["cell"] * 4

    dock.objects.table_button.click()
    (table,) = [
        getattr(w, "__wrapped__", w)
        for name, w in viewer.window.dock_widgets.items()
        if name.startswith("Objects")
    ]
    settle()
    assert "4 objects" in table.totals.text()
    index = table.sorted.index(2, 0)
    at = table.view.visualRect(index).center()
    QTest.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert found.layer.selected_label == found.table["label"][2]
    found.layer.selected_label = 1
    rows = table.view.selectionModel().selectedRows()
    assert [table.sorted.mapToSource(row).row() for row in rows] == [0]

    path = tmp_path / "objects.csv"
    table.export(path)
    with path.open(encoding="utf-8-sig") as file:
        lines = list(csv.reader(file))
    assert len(lines) == 5
    assert lines[0][:5] == ["image", "unit", "class", "label", "area (pixel²)"]
    name = found.result.annotated.name
    assert lines[1][:4] == [name, "pixel", "cell", "1"]
    assert "e+" not in "".join(line for row in lines for line in row)


def test_dock_gives_what_the_functions_of_the_command_line_give(
    session, result, open_dock, wait
):
    dock = open_dock("Thresholds")
    dock.rows[1].value.setValue(0.4)
    dock.clean_up.form.field("min_size").setValue(50)
    dock.objects.find_button.click()
    wait(lambda: session.objects.newest is not None)
    labels = apply_rules(result.probabilities(()), result.rules, class_ids=(1, 2))
    found = class_objects(labels, CLASSES, result.image, rules=result.rules)
    expected = objects_table(found, CLASSES, result.image)
    table = session.objects.newest.table
    assert list(table) == list(expected)
    for name, column in expected.items():
        assert np.array_equal(table[name], column), name


def test_numbers_are_sorted_as_numbers(session, result, open_dock, wait):
    thresholds = open_dock("Thresholds")
    thresholds.rows[1].value.setValue(0.45)
    thresholds.objects.find_button.click()
    wait(lambda: session.objects.newest is not None)
    table = open_dock("Objects")
    column = list(session.objects.newest.table).index("centroid_x")
    table.view.sortByColumn(column, Qt.SortOrder.AscendingOrder)
    shown = [
        table.sorted.index(row, column).data(Qt.ItemDataRole.UserRole)
        for row in range(table.sorted.rowCount())
    ]
    assert shown == sorted(session.objects.newest.table["centroid_x"].tolist())


def test_low_above_the_threshold_is_one_sentence(result, open_dock):
    dock = open_dock("Thresholds")
    dock.rows[0].value.setValue(0.4)
    dock.clean_up.fold.expand()
    dock.clean_up.more.field("low").setValue(0.9)
    assert result.rule(1).low is None
