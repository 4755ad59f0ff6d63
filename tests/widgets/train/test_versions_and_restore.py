"""Versions and what can be restored, as a person sees them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from synchronous_engine import SynchronousEngine

from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.session import close_session, get_session
from napari_garage_unet.session.training.live_model import Phase
from napari_garage_unet.widgets.common.dock import DOCK_WIDTH_PIXELS


def learn(session, engine, wait, *, accuracy):
    known = len(session.versions)
    engine.info = {"provenance": {"accuracy": accuracy}}
    session.learn()
    wait(lambda: session.live.phase is Phase.LEARNING and session.live.step >= 3)
    session.stop()
    wait(lambda: len(session.versions) == known + 1)


@pytest.fixture
def saved(halves):
    """Strokes, a class and a setting that a session has saved and left."""
    from napari.components import ViewerModel

    before = ViewerModel()
    session = get_session(before, make_client=SynchronousEngine)
    before.add_image(halves, name="halves")
    layer = session.strokes_layer()
    layer.data[5:8, 5:25], layer.data[5:8, 35:55] = 1, 2
    session.images.current.look_at_all()
    session.rename_class(2, "wheel")
    session.settings = dataclasses.replace(
        session.settings, training=TrainingConfig(seconds=7)
    )
    close_session(before)
    return layer.data


def test_versions_appear_in_a_row_and_one_click_goes_back(
    open_dock, painted, engine, wait
):
    dock = open_dock("Train U-Net")
    assert not dock.versions.isVisible()
    learn(painted, engine, wait, accuracy=0.5)
    learn(painted, engine, wait, accuracy=None)
    wait(lambda: dock.versions.isVisible())
    wait(lambda: len(painted.versions.pictures) == 2)
    first, second = dock.versions.buttons
    assert (first.text(), second.text()) == ("50%", "\u2605 \u2013")
    assert "50.0% of held-out strokes right" in first.toolTip()
    assert "not validated" in second.toolTip()
    assert "data:image/png" in first.toolTip()
    assert not first.icon().isNull()
    QTest.mouseClick(first, Qt.MouseButton.LeftButton)
    wait(lambda: painted.versions.current == next(iter(painted.versions)).id)
    assert (first.text(), second.text()) == ("\u2605 50%", "\u2013")
    assert "earlier version" in dock.hint.text.text()


def test_a_row_of_many_versions_scrolls_and_is_not_wider_than_the_dock(
    open_dock, painted, engine, wait, settle, needed_width
):
    dock = open_dock("Train U-Net")
    for number in range(12):
        learn(painted, engine, wait, accuracy=number / 12)
    settle(0.3)
    assert needed_width(dock) <= DOCK_WIDTH_PIXELS
    newest = dock.versions.buttons[-1]
    # The newest is the one that is seen.
    right = newest.mapTo(dock.versions, QPoint(newest.width() - 1, 0)).x()
    assert right <= dock.versions.width()


@pytest.mark.usefixtures("saved")
def test_the_dock_offers_what_was_saved_and_restores_it(
    open_dock, session, viewer, halves, wait, saved
):
    dock = open_dock("Train U-Net")
    assert not dock.offer.isVisible()
    viewer.add_image(halves, name="halves")
    wait(lambda: dock.offer.isVisible())
    assert "Strokes painted on halves" in dock.offer.text.text()
    QTest.mouseClick(dock.offer.restore, Qt.MouseButton.LeftButton)
    wait(lambda: len(session.counts) == 2)
    wait(lambda: not dock.offer.isVisible())
    np.testing.assert_array_equal(session.images.current.strokes.data, saved)
    assert [row.name for row in dock.classes.rows] == ["background", "wheel"]
    assert dock.more.training_form.field("seconds").value() == 7


@pytest.mark.usefixtures("saved")
def test_forget_takes_the_offer_away(open_dock, session, viewer, halves, wait):
    dock = open_dock("Train U-Net")
    viewer.add_image(halves, name="halves")
    wait(lambda: dock.offer.isVisible())
    QTest.mouseClick(dock.offer.forget, Qt.MouseButton.LeftButton)
    wait(lambda: not dock.offer.isVisible())
    assert session.counts == {}


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_dock_that_restores_is_wholly_seen(
    open_dock, session, engine, viewer, halves, wait, settle, tmp_path, theme
):
    viewer.theme = theme
    viewer.window.resize(1280, 800)
    dock = open_dock("Train U-Net")
    viewer.add_image(halves, name="halves")
    wait(lambda: dock.offer.isVisible())
    settle(0.5)
    for part in (dock.offer.text, dock.offer.restore, dock.offer.forget):
        assert part.visibleRegion().boundingRect() == part.rect()
        assert part.width() >= part.sizeHint().width() or part.wordWrap()
    picture = np.asarray(viewer.screenshot(canvas_only=False, flash=False))
    assert picture.shape[1] >= 1200
    import imageio.v3 as iio

    iio.imwrite(tmp_path / f"restore-{theme}.png", picture)
    QTest.mouseClick(dock.offer.restore, Qt.MouseButton.LeftButton)
    wait(lambda: len(session.counts) == 2)
    for accuracy in (0.5, None, 0.875):
        learn(session, engine, wait, accuracy=accuracy)
    wait(lambda: len(session.versions.pictures) == 3)
    settle(0.5)
    picture = np.asarray(viewer.screenshot(canvas_only=False, flash=False))
    iio.imwrite(tmp_path / f"versions-{theme}.png", picture)
    for button in dock.versions.buttons:
        assert button.visibleRegion().boundingRect() == button.rect()
