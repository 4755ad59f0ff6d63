from __future__ import annotations

import pytest

from napari_garage_unet.session import get_session
from napari_garage_unet.session.training.live_model import Phase
from napari_garage_unet.widgets.common.dock import DOCK_WIDTH_PIXELS


def close_dock(viewer, dock):
    viewer.window.remove_dock_widget(dock)


def test_learning_goes_on_without_the_dock_and_shows_in_a_new_one(
    viewer, open_dock, painted, wait
):
    dock = open_dock("Train U-Net")
    dock.learn_button.click()
    wait(lambda: painted.live.phase is Phase.LEARNING)
    close_dock(viewer, dock)
    step = painted.live.step
    wait(lambda: painted.live.step > step + 3)
    again = open_dock("Train U-Net")
    assert again is not dock
    assert again.learn_button.text() == "Stop"
    again.learn_button.click()
    wait(lambda: not painted.live.is_running)
    assert again.learn_button.text() == "Learn"


@pytest.mark.parametrize("name", ["Train U-Net", "Segment", "Thresholds"])
def test_a_closed_dock_is_called_no_more(viewer, open_dock, painted, wait, name):
    dock = open_dock(name)
    close_dock(viewer, dock)
    del dock
    painted.learn()
    wait(lambda: painted.preview.shown > 1)
    painted.classes.rename(2, "bright")
    painted.stop()
    wait(lambda: not painted.live.is_running)
    viewer.layers.clear()
    assert painted.images.current is None


def test_all_docks_show_the_same_session(open_dock, session):
    docks = [open_dock(name) for name in ("Train U-Net", "Segment", "Thresholds")]
    assert all(dock.session is session for dock in docks)


def test_closing_the_window_ends_the_engine(
    make_napari_viewer_proxy, engine, wait, settle
):
    viewer = make_napari_viewer_proxy(show=True)
    session = get_session(viewer, make_client=lambda: engine)
    viewer.window.add_plugin_dock_widget("napari-garage-unet", "Train U-Net")
    wait(lambda: engine.starts == 1)
    viewer.close()
    wait(lambda: engine.closed)
    assert not session.link.is_running


def test_closing_the_window_while_learning_ends_the_engine(
    make_napari_viewer_proxy, engine, wait, halves
):
    viewer = make_napari_viewer_proxy(show=True)
    session = get_session(viewer, make_client=lambda: engine)
    viewer.add_image(halves)
    layer = session.strokes_layer()
    layer.data[5, 5:9], layer.data[5, 40:44] = 1, 2
    viewer.window.add_plugin_dock_widget("napari-garage-unet", "Train U-Net")
    assert session.learn()
    wait(lambda: session.preview.shown > 0)
    viewer.close()
    wait(lambda: engine.closed)


def test_two_windows_do_not_mix(make_napari_viewer_proxy, viewer, session, halves):
    from synchronous_engine import SynchronousEngine

    other = make_napari_viewer_proxy(show=True)
    second = get_session(other, make_client=SynchronousEngine)
    _, dock = other.window.add_plugin_dock_widget("napari-garage-unet", "Train U-Net")
    viewer.add_image(halves, name="here")
    assert dock.session is second
    assert second.images.current is None
    assert session.images.current.name == "here"
    other.close()


def test_a_full_column_fits_a_narrow_dock(
    open_dock, painted, wait, settle, needed_width
):
    docks = [open_dock(name) for name in ("Train U-Net", "Segment", "Thresholds")]
    painted.learn()
    wait(lambda: painted.preview.shown > 0)
    settle(0.3)
    for dock in docks:
        assert needed_width(dock) <= DOCK_WIDTH_PIXELS, dock.objectName()
