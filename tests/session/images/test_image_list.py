from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.layers.matching import make_strokes_layer


def test_the_only_image_and_its_strokes_are_taken(viewer, session, halves):
    image = viewer.add_image(halves)
    labels = session.strokes_layer()
    assert session.images.current.layer is image
    assert session.images.current.strokes is labels


def test_labels_of_another_shape_are_not_taken_for_strokes(viewer, session, halves):
    viewer.add_image(halves)
    viewer.add_labels(np.zeros((7, 7), np.uint8))
    assert session.images.current.strokes is None


def test_layers_there_before_the_session_are_found(viewer, engine, halves):
    from napari_garage_unet.session import close_session, get_session

    photo = viewer.add_image(halves, name="photo")
    painted = (halves > 100).astype(np.uint8) + 1
    layer = make_strokes_layer(photo, [ClassInfo(1)])
    layer.data[...] = painted
    viewer.add_layer(layer)
    session = get_session(viewer, make_client=lambda: engine)
    try:
        assert session.counts == {1: 1200, 2: 1200}
    finally:
        close_session(viewer)


def test_strokes_of_a_wrong_shape_are_refused_naming_both_shapes(
    viewer, session, halves
):
    viewer.add_image(halves, name="photo")
    wrong = viewer.add_labels(np.zeros((7, 9), np.uint8))
    with pytest.raises(InputError, match=r"\(40, 60\).*\(7, 9\)"):
        session.images.choose_strokes(wrong)
    assert session.images.current.strokes is None


def test_each_image_keeps_its_own_strokes(viewer, session, halves):
    first = viewer.add_image(halves, name="first")
    session.strokes_layer().data[0, :5] = 1
    second = viewer.add_image(halves.copy(), name="second")
    session.images.choose(second)
    assert session.images.current.strokes is None
    other = session.strokes_layer()
    assert other.name == "second strokes"
    session.images.choose(first)
    assert session.images.current.strokes.name == "strokes"


def test_strokes_on_two_images_train_one_model(viewer, session, engine, run, halves):
    from napari_garage_unet.process.protocol.messages import Train

    first = viewer.add_image(halves, name="first")
    session.strokes_layer().data[5, :5] = 1
    second = viewer.add_image(halves.copy(), name="second")
    session.images.choose(second)
    session.strokes_layer().data[5, 40:45] = 2
    assert session.learn()
    (train,) = engine.sent(Train)
    assert len(train.keys) == 2
    assert session.images.current.layer is second
    assert first in viewer.layers


def test_an_image_of_other_channels_is_left_out_of_training(
    viewer, session, engine, halves
):
    from napari_garage_unet.process.protocol.messages import Train

    viewer.add_image(halves, name="grey")
    session.strokes_layer().data[5, :5] = 1
    colour = viewer.add_image(np.stack([halves] * 3, -1), rgb=True, name="colour")
    session.images.choose(colour)
    layer = session.strokes_layer()
    layer.data[5, :5], layer.data[5, 40:45] = 1, 2
    assert session.learn()
    (train,) = engine.sent(Train)
    assert train.keys == (session.images.current.key,)


def test_several_layers_become_the_channels_of_one_image(
    viewer, session, engine, halves
):
    red = viewer.add_image(halves, name="red")
    green = viewer.add_image(halves.astype(np.float32), name="green")
    strokes = session.strokes_layer()
    session.images.choose_channels([red, green])
    strokes.data[5, :5], strokes.data[5, 40:45] = 1, 2
    assert session.images.current.strokes is strokes
    assert session.learn()
    (image,) = engine.images.values()
    assert image.axes == "yxc"
    assert image.n_channels == 2


def test_channels_of_another_shape_are_refused(viewer, session, halves):
    red = viewer.add_image(halves, name="red")
    small = viewer.add_image(halves[:10], name="small")
    with pytest.raises(InputError, match="'small'"):
        session.images.choose_channels([red, small])
    assert session.images.current.layers == (red,)


def test_names_and_colours_of_a_strokes_layer_become_those_of_the_classes(
    viewer, session, halves
):
    viewer.add_image(halves, name="photo")
    layer = Labels(
        np.where(halves > 100, 3, 0).astype(np.uint8),
        features={"index": [1, 3], "class": ["background", "gland"]},
    )
    viewer.add_layer(layer)
    session.choose_strokes(layer)
    assert [(c.id, c.name) for c in session.classes] == [
        (1, "background"),
        (3, "gland"),
    ]
    assert session.classes.background == session.classes[1]
    color = tuple(int(session.classes[3].color[i : i + 2], 16) for i in (1, 3, 5))
    assert np.allclose(np.array(color) / 255, layer.get_color(3)[:3], atol=1 / 255)


def test_renaming_a_class_reaches_the_status_bar_of_our_layers(viewer, session, halves):
    viewer.add_image(halves)
    layer = session.strokes_layer()
    session.rename_class(2, "wheel")
    assert list(layer.features["class"]) == ["unlabelled", "background", "wheel"]


def test_a_name_that_is_taken_is_refused(session, viewer, halves):
    viewer.add_image(halves)
    session.strokes_layer()
    session.rename_class(2, "background")
    assert "is called 'background' already" in session.hint
    assert session.classes[2].name == "class 2"


def test_at_most_one_class_is_the_background(session):
    session.classes.adopt([ClassInfo(1, "a", background=True), ClassInfo(2, "b")])
    session.classes.set_background(2)
    assert [c.background for c in session.classes] == [False, True]
    session.classes.set_background(None)
    assert session.classes.background is None


def test_another_image_is_taken_when_the_current_one_is_deleted(
    viewer, session, halves
):
    first, second = viewer.add_image(halves), viewer.add_image(halves.copy())
    viewer.layers.remove(first)
    assert session.images.current.layer is second
    viewer.layers.remove(second)
    assert session.images.current is None
    assert session.hint == "Open an image to start."


def test_layers_that_cannot_be_images_do_no_harm(viewer, session):
    viewer.add_layer(Image(np.zeros((2, 2, 2, 2, 3)), name="five axes"))
    viewer.add_labels(np.zeros((4, 4), np.uint8))
    assert not session.learn()
    assert session.hint
