"""Labels layers at another place, of another size, or that cannot be painted on."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.layers.images import lies_on_image
from napari_garage_unet.process.protocol.messages import Train
from napari_garage_unet.session.training.live_model import Phase


@pytest.fixture
def image(viewer, session, halves):
    return viewer.add_image(halves, name="halves")


@pytest.fixture
def paint():
    """Class 1 in the left half, class 2 in the right one, ``(40, 60)``."""
    paint = np.zeros((40, 60), np.int32)
    paint[5:8, 5:25] = 1
    paint[5:8, 35:55] = 2
    return paint


def choose(session, layer):
    """Choose as the dock does: an error is shown."""
    session.error_reporter.run(session.images.choose_strokes, layer)


ELSEWHERE = [
    ({"translate": (40, 40)}, "'paint' lies at (40, 40), 'halves' at (0, 0)"),
    ({"scale": (2, 2)}, "'paint' has pixels of the size (2, 2), 'halves' of (1, 1)"),
    ({"rotate": 20}, "'paint' and 'halves' are turned or sheared differently"),
    ({"affine": [[1, 0, 0], [0, 1, 9], [0, 0, 1]]}, "'paint' lies at (0, 9)"),
]


@pytest.mark.parametrize(("placed", "said"), ELSEWHERE)
def test_paint_that_lies_elsewhere_is_never_learnt_by_index(
    viewer, session, image, paint, engine, placed, said
):
    layer = viewer.add_labels(paint, name="paint", **placed)
    assert session.images.current.strokes is None
    choose(session, layer)
    assert session.images.current.strokes is None
    assert session.hint.startswith(said)
    assert session.images.current.refused is layer
    assert not session.learn()
    assert not engine.sent(Train)


def test_paint_on_the_image_in_other_words_is_chosen(viewer, session, image, paint):
    image.affine = np.diag([2, 2, 1])
    layer = viewer.add_labels(paint, name="paint", scale=(2, 2), translate=(0.5, 0.5))
    choose(session, layer)
    assert session.problem is None
    assert session.counts == {1: 60, 2: 60}


def test_paint_is_taken_over_as_it_is_seen(viewer, session, image, paint):
    layer = viewer.add_labels(paint, name="paint", translate=(10, 5))
    choose(session, layer)
    session.take_over_strokes()
    strokes = session.images.current.strokes
    assert strokes is not layer
    assert strokes.name == "paint on halves"
    assert strokes.data.dtype == np.uint8
    assert (strokes.data[15:18, 10:30] == 1).all()
    assert (strokes.data[15:18, 40:60] == 2).all()
    assert session.counts == {1: 60, 2: 60}
    assert lies_on_image(strokes, image)
    assert session.problem is None
    assert session.images.current.refused is None
    assert np.array_equal(layer.data, paint)
    assert tuple(layer.translate) == (10, 5)


def test_paint_of_another_size_is_taken_over_as_it_is_seen(viewer, session, image):
    coarse = np.zeros((20, 30), np.uint8)
    coarse[2, 3] = 7
    layer = viewer.add_labels(coarse, scale=(2, 2), translate=(0.5, 0.5))
    choose(session, layer)
    assert session.images.current.strokes is None
    session.take_over_strokes()
    strokes = session.images.current.strokes.data
    assert (strokes[4:6, 6:8] == 7).all()
    assert np.count_nonzero(strokes) == 4


def test_turned_paint_is_taken_over_as_it_is_seen(viewer, session, image):
    paint = np.zeros((60, 40), np.uint8)
    paint[50:55, 8:11] = 1
    # A quarter turn: its rows run along the columns of the image, backwards.
    layer = viewer.add_labels(paint, affine=[[0, 1, 0], [-1, 0, 59], [0, 0, 1]])
    choose(session, layer)
    session.take_over_strokes()
    strokes = session.images.current.strokes.data
    assert (strokes[8:11, 5:10] == 1).all()
    assert np.count_nonzero(strokes) == 15


def test_paint_is_taken_over_pixel_by_pixel(viewer, session, image, paint):
    layer = viewer.add_labels(paint, name="paint", translate=(40, 40))
    choose(session, layer)
    session.take_over_strokes(by_index=True)
    assert np.array_equal(session.images.current.strokes.data, paint)
    assert session.images.current.strokes is not layer


def test_nothing_is_taken_over_where_no_paint_is_on_the_image(
    viewer, session, image, paint
):
    layer = viewer.add_labels(paint, name="paint", translate=(400, 400))
    choose(session, layer)
    session.take_over_strokes()
    assert session.hint == "No paint of 'paint' lies on 'halves'."
    assert session.images.current.strokes is None
    # The other answer is still there.
    session.take_over_strokes(by_index=True)
    assert session.counts == {1: 60, 2: 60}


def test_an_offer_is_declined_or_goes_with_its_layer(viewer, session, image, paint):
    layer = viewer.add_labels(paint, name="paint", translate=(40, 40))
    choose(session, layer)
    session.decline_strokes()
    assert session.images.current.refused is None
    assert session.problem is None
    choose(session, layer)
    viewer.layers.remove(layer)
    assert session.images.current.refused is None
    with pytest.raises(InputError, match="no strokes to take over"):
        session.images.take_over((), by_index=False)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda a: [a, a[::2, ::2]], "it is a pyramid"),
        (lambda a: da.from_array(a), "its pixels are not in memory"),
        (lambda a: np.broadcast_to(a, a.shape), "its pixels are read-only"),
    ],
)
def test_what_cannot_be_painted_on_is_copied_into_memory(
    viewer, session, image, paint, make, reason
):
    layer = viewer.add_labels(make(paint), name="paint")
    assert session.images.current.strokes is None
    choose(session, layer)
    assert f"'paint' cannot be painted on, because {reason}" in session.hint
    session.take_over_strokes(by_index=True)
    assert session.counts == {1: 60, 2: 60}
    assert isinstance(session.images.current.strokes.data, np.ndarray)


def test_strokes_that_are_moved_away_are_let_go_and_put_back(painted, viewer, run):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    strokes = painted.images.current.strokes
    strokes.translate = (20, 0)
    run(lambda: painted.images.current.strokes is None)
    run(lambda: not painted.live.is_running)
    assert painted.hint.startswith("'strokes' lies at (20, 0), 'halves' at (0, 0)")
    assert painted.live.has_model
    painted.take_over_strokes(by_index=True)
    assert painted.images.current.strokes is strokes
    assert tuple(strokes.translate) == (0, 0)
    assert painted.counts == {1: 60, 2: 60}
    assert painted.learn()


def test_strokes_moved_by_less_than_half_a_pixel_stay(painted, run):
    strokes = painted.images.current.strokes
    strokes.translate = (0.25, 0)
    run(polls=30)
    assert painted.images.current.strokes is strokes


def test_linked_layers_move_together(painted, viewer, run):
    image, strokes = painted.images.current.layer, painted.images.current.strokes
    viewer.layers.link_layers([image, strokes], ("translate",))
    strokes.translate = (20, 0)
    run(polls=30)
    assert painted.images.current.strokes is strokes
    assert tuple(image.translate) == (20, 0)


def test_a_layer_by_the_button_of_napari_fits_a_scaled_image(viewer, session, halves):
    image = viewer.add_image(
        halves, name="halves", scale=(0.5, 0.25), translate=(7, 8), units=("um", "um")
    )
    viewer.layers.selection.active = image
    viewer._new_labels()
    layer = viewer.layers[-1]
    choose(session, layer)
    assert session.problem is None
    assert session.images.current.strokes is layer


def test_a_layer_by_the_button_of_napari_over_several_images_is_taken_over(
    viewer, session, image
):
    other = viewer.add_image(np.zeros((100, 100)), scale=(0.5, 0.5), name="other")
    viewer.layers.selection = {image, other}
    viewer.layers.selection.active = None
    viewer._new_labels()
    layer = viewer.layers[-1]
    layer.data[10:16, 20:40] = 1
    choose(session, layer)
    assert session.images.current.strokes is not layer
    session.take_over_strokes()
    assert (session.images.current.strokes.data[5:8, 10:20] == 1).all()
    assert session.counts == {1: 30}


def test_channels_at_other_places_are_no_image(viewer, session, image, halves):
    other = viewer.add_image(halves, name="other", translate=(3, 3))
    with pytest.raises(InputError, match=r"'other' lies at \(3, 3\), 'halves' at"):
        session.images.choose_channels([image, other])
    assert session.images.current.layers == (image,)
