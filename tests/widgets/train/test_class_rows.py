"""Classes in the dock: another colour, removed, and back again."""

from __future__ import annotations

import dask.array as da
import numpy as np
from qtpy.QtGui import QColor


def test_a_class_is_removed_and_brought_back_by_buttons(open_dock, painted):
    dock = open_dock("Train U-Net")
    row = dock.classes.rows[1]
    assert "Remove class 2" in row.remove_button.toolTip()
    row.remove_button.click()
    assert [row.class_id for row in dock.classes.rows] == [1]
    assert painted.counts == {1: 60}
    assert dock.classes.undo_button.isVisible()
    assert dock.classes.removed.text() == "class 2 removed"
    dock.classes.undo_button.click()
    assert [row.class_id for row in dock.classes.rows] == [1, 2]
    assert painted.counts == {1: 60, 2: 60}
    assert not dock.classes.undo_button.isVisible()


def test_an_accidental_class_is_taken_back_by_its_button(open_dock, painted):
    dock = open_dock("Train U-Net")
    dock.classes.add_button.click()
    dock.classes.rows[2].remove_button.click()
    assert [info.id for info in painted.classes] == [1, 2]


def test_a_colour_is_chosen_in_a_dialog_that_blocks_nothing(open_dock, painted):
    dock = open_dock("Train U-Net")
    swatch = dock.classes.rows[1].swatch
    dialog = swatch.open_dialog()
    assert not dialog.isModal()
    dialog.colorSelected.emit(QColor("#123456"))
    dialog.close()
    assert painted.classes[2].color == "#123456"
    assert swatch.color == "#123456"


def test_the_paint_of_a_lazy_layer_can_be_taken_over(
    open_dock, painted, viewer, halves
):
    dock = open_dock("Train U-Net")
    lazy = viewer.add_labels(da.from_array((halves > 100).astype(np.uint8) + 1))
    box = dock.images.strokes_picker.native
    box.setCurrentIndex(box.findText(lazy.name))
    assert "cannot be painted on" in dock.hint.text.text()
    assert dock.take_over.isVisible()
    dock.take_over.by_index.click()
    assert painted.images.current.strokes.name == f"{lazy.name} on halves"
    assert not dock.take_over.isVisible()
