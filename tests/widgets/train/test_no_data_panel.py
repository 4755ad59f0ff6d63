"""The value and the mask of pixels without data, in the dock."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest


def test_value_and_mask_are_said_of_the_image_and_shown(
    open_dock, viewer, halves, wait
):
    image = viewer.add_image(halves, name="halves")
    viewer.add_labels(np.ones(halves.shape, np.uint8), name="valid")
    viewer.add_labels(np.ones((4, 5), np.uint8), name="other")
    dock = open_dock("Train U-Net")
    panel = dock.more.no_data
    current = dock.session.images.current
    assert (panel.value.text(), panel.mask_picker.layer) == ("", None)

    panel.value.setText("-9999")
    QTest.keyClick(panel.value, Qt.Key.Key_Return)
    assert current.image().nodata == -9999
    wait(lambda: dock.images.description.text().endswith("no data where -9999"))
    choices = [panel.mask_picker.native.itemText(i) for i in range(2)]
    assert choices == ["-----", "valid"]
    panel.mask_picker.native.setCurrentText("valid")
    assert current.mask.name == "valid"
    assert current.strokes is None
    wait(lambda: dock.images.description.text().endswith("masked by valid"))

    panel.value.setText("much")
    QTest.keyClick(panel.value, Qt.Key.Key_Return)
    assert current.image().nodata == -9999
    panel.value.setText("")
    QTest.keyClick(panel.value, Qt.Key.Key_Return)
    assert current.image().nodata is None
    wait(lambda: "no data" not in dock.images.description.text())
    assert image.metadata["napari-garage-unet"]["nodata"] is None


def test_the_form_shows_the_contrast_that_an_image_starts_with(open_dock, viewer, wait):
    dock = open_dock("Train U-Net")
    form = dock.more.preprocess_form
    assert form.value.contrast == "plane"
    layer = viewer.add_image(np.zeros((20, 40, 60), np.uint8))
    wait(lambda: form.value.contrast == "training")
    assert dock.session.settings.preprocess is None
    viewer.layers.remove(layer)
    viewer.add_image(np.zeros((40, 60, 3), np.uint8))
    wait(lambda: form.value.contrast == "plane" and form.value.joint_channels)
