from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.process.protocol.messages import Predict


@pytest.fixture
def unsure(viewer, session, run):
    """A session whose model is in doubt about a grey corner of the image."""
    pixels = np.full((400, 600), 20, np.uint8)
    pixels[:, 300:] = 220
    pixels[300:, 500:] = 120
    viewer.add_image(pixels, name="image", scale=(0.5, 0.5), translate=(7, 9))
    layer = session.strokes_layer()
    layer.data[5:8, 5:25] = 1
    layer.data[5:8, 335:355] = 2
    session.images.current.look_at_all()
    assert session.learn()
    run(lambda: session.preview.shown > 0)
    session.stop()
    run(lambda: not session.live.is_running)
    run(
        lambda: bool(
            session.results.preview_of(session.images.current).layer.data.all()
        )
    )
    return session


def test_the_camera_moves_to_the_place_in_doubt(unsure, viewer):
    unsure.go_to_next_stroke()
    assert unsure.problem is None
    y, x = viewer.scene.camera.center[-2:]
    assert 300 * 0.5 + 7 <= y <= 400 * 0.5 + 7
    assert 500 * 0.5 + 9 <= x <= 600 * 0.5 + 9


def test_who_is_nearer_is_not_moved_away(unsure, viewer):
    viewer.scene.camera.zoom = 50.0
    unsure.go_to_next_stroke()
    assert viewer.scene.camera.zoom == 50.0


def test_without_a_preview_one_sentence_says_what_to_do(session, viewer, halves):
    viewer.add_image(halves)
    session.go_to_next_stroke()
    assert session.hint == "There is no preview yet; press Learn first."


def test_the_uncertainty_lies_on_the_image_and_follows(unsure, viewer, engine, run):
    active = viewer.layers.selection.active
    unsure.show_uncertainty(True)
    layer = unsure.guidance.layer
    assert layer.name == "image (uncertainty)"
    assert np.allclose(layer.translate, (7, 9))
    assert viewer.layers.selection.active is active
    assert unsure.images.current.layer.name == "image"
    assert layer.data[350, 550] > 200
    assert layer.data[50, 50] < 50
    layer.data[...] = 0
    asked = len(engine.sent(Predict))
    unsure.learn()
    run(lambda: len(engine.sent(Predict)) > asked)
    run(lambda: layer.data[350, 550] > 200)


def test_the_uncertainty_goes_when_it_is_not_wanted_or_deleted(unsure, viewer):
    unsure.show_uncertainty(True)
    unsure.show_uncertainty(False)
    assert unsure.guidance.layer is None
    assert [layer.name for layer in viewer.layers] == [
        "image",
        "image (preview)",
        "strokes",
    ]
    unsure.show_uncertainty(True)
    viewer.layers.remove(unsure.guidance.layer)
    assert unsure.guidance.layer is None
    unsure.show_uncertainty(True)
    viewer.layers.remove("image (preview)")
    assert unsure.guidance.layer is None
    assert "image (uncertainty)" not in viewer.layers
