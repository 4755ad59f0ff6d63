"""The models that can be chosen know what they were made for."""

from __future__ import annotations

from napari_garage_unet.process.protocol.messages import LIVE


def test_the_live_model_says_how_an_image_differs_from_those_it_learns_from(
    painted, viewer, halves, run
):
    viewer.layers["halves"].scale = (0.5, 0.5)
    viewer.layers["halves"].units = ("um", "um")
    painted.learn()
    run(lambda: painted.live.has_model)
    model = painted.models.by_key(LIVE)
    finer = viewer.add_image(
        halves, name="finer", scale=(0.25, 0.25), units=("um", "um")
    )
    (said,) = model.differences(painted.images.bind(finer).image())
    assert "Pixels of finer are 0.25 µm" in said
    assert "2 times larger" in said
    same = painted.images.bind(viewer.layers["halves"]).image()
    assert model.differences(same) == ()


def test_channels_chosen_in_another_order_are_said(session, viewer, halves, run):
    layers = [viewer.add_image(halves, name=name) for name in ("GFP", "DAPI")]
    session.images.choose_channels(layers)
    strokes = session.strokes_layer()
    strokes.data[5:8, 5:25] = 1
    strokes.data[5:8, 35:55] = 2
    strokes.refresh()
    run(lambda: len(session.counts) == 2)
    session.learn()
    run(lambda: session.live.has_model)
    session.stop()
    run(lambda: not session.live.is_running)
    model = session.models.by_key(LIVE)
    assert model.differences(session.images.current.image()) == ()
    session.images.choose_channels(layers[::-1])
    (said,) = model.differences(session.images.current.image())
    assert "are DAPI, GFP and the model learnt from GFP, DAPI" in said
