"""Which Labels layers become strokes, and what can be chosen for them."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from napari.layers import Labels
from napari.layers._layer_actions import _duplicate_layer

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.layers.matching import is_result
from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.session.segmentation.segmentation_job import SegmentationOptions


def duplicate(viewer, layer):
    viewer.layers.selection = {layer}
    _duplicate_layer(viewer.layers)
    return next(other for other in viewer.layers if other.name == f"{layer.name} copy")


def segmented(viewer, session, painted, run):
    assert session.learn(), session.hint
    run(lambda: session.live.step > 3)
    session.stop()
    run(lambda: not session.live.is_running)
    layer = session.images.current.layer
    (result,) = session.segment(LIVE, [layer], SegmentationOptions())
    run(lambda: not session.segmentation.is_running)
    return result


def test_labels_that_are_opened_do_not_become_strokes_and_start_nothing(
    viewer, session, engine, run, halves
):
    from napari_garage_unet.process.protocol.messages import Train

    session.learns_by_itself = True
    viewer.add_image(halves, name="photo")
    viewer.add_labels((halves > 100).astype(np.uint8) + 1, name="photo segmentation")
    run(polls=20)
    assert session.images.current.strokes is None
    assert not session.counts
    assert not list(session.classes)
    assert not engine.sent(Train)


def test_labels_that_were_there_before_are_not_taken_either(viewer, engine, halves):
    from napari_garage_unet.session import close_session, get_session

    viewer.add_image(halves)
    viewer.add_labels((halves > 100).astype(np.uint8) + 1)
    session = get_session(viewer, make_client=lambda: engine)
    try:
        assert session.images.current.strokes is None
    finally:
        close_session(viewer)


def test_chosen_labels_are_learnt_on_request_or_with_the_next_stroke(
    viewer, session, engine, run, halves
):
    from napari_garage_unet.process.protocol.messages import Train

    session.learns_by_itself = True
    viewer.add_image(halves)
    layer = viewer.add_labels((halves > 100).astype(np.uint8) + 1)
    assert session.choose_strokes(layer)
    assert session.counts == {1: 1200, 2: 1200}
    run(polls=20)
    assert not engine.sent(Train)
    layer.data[0, :9] = 2
    layer.events.paint(value=[])
    run(lambda: engine.sent(Train))


def test_chosen_labels_without_names_change_no_class(viewer, session, halves):
    viewer.add_image(halves, name="first")
    session.strokes_layer()
    session.rename_class(2, "spoon")
    viewer.add_image(halves.copy(), name="second")
    session.images.choose(viewer.layers["second"])
    assert session.choose_strokes(viewer.add_labels((halves > 100).astype("u1") + 1))
    assert [info.name for info in session.classes] == ["background", "spoon"]


def test_a_copy_of_a_result_is_strokes_when_chosen(
    viewer, session, painted, run, halves
):
    result = segmented(viewer, session, painted, run)
    copy = duplicate(viewer, result.layer)
    assert is_result(result.layer)
    assert not is_result(copy)
    assert session.images.current.strokes is not copy
    assert session.choose_strokes(copy), session.hint
    assert session.images.current.strokes is copy
    assert is_result(result.layer)
    assert copy.editable
    before = copy.data.copy()
    copy.data[0, 0] = 3 - before[0, 0]
    before[0, 0] = copy.data[0, 0]
    session.segment(LIVE, [session.images.current.layer], SegmentationOptions())
    run(lambda: not session.segmentation.is_running)
    np.testing.assert_array_equal(copy.data, before)
    assert session.learn(), session.hint


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.random.default_rng(0).normal(100, 9, (40, 60)).astype("u1"), "picture"),
        (np.full((40, 60), 70000), "from 1 to 65535"),
    ],
    ids=["picture", "large id"],
)
def test_what_cannot_be_classes_is_refused(viewer, session, halves, values, words):
    viewer.add_image(halves)
    layer = Labels(np.zeros((40, 60), values.dtype), name="odd")
    layer.data[...] = values
    viewer.add_layer(layer)
    assert not session.choose_strokes(layer)
    assert session.images.current.strokes is None
    assert "'odd'" in session.hint
    assert words in session.hint
    assert not list(session.classes)


def test_a_picture_that_is_pasted_into_strokes_is_refused(
    viewer, session, painted, run
):
    layer = session.images.current.strokes
    layer.data[...] = np.random.default_rng(0).normal(100, 9, layer.data.shape)
    layer.events.paint(value=[])
    run(lambda: session.images.current.strokes is None)
    assert "looks like a picture" in session.hint
    assert len(list(session.classes)) < 4


def levels(values):
    return [values, values[::2, ::2]]


def read_only(values):
    values.flags.writeable = False
    return values


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (levels, "pyramid"),
        (da.from_array, "not in memory"),
        (read_only, "read-only"),
    ],
    ids=["pyramid", "dask", "read-only"],
)
def test_layers_that_cannot_be_painted_on_are_offered_as_a_copy(
    viewer, session, halves, make, words
):
    viewer.add_image(halves, name="photo", scale=(2, 2))
    values = (halves > 100).astype(np.uint16) + 1
    layer = viewer.add_labels(make(values.copy()), name="lazy", scale=(2, 2))
    with pytest.raises(InputError, match=words):
        session.images.choose_strokes(layer)
    assert not session.choose_strokes(layer)
    assert "'lazy'" in session.hint
    session.take_over_strokes(by_index=True)
    strokes = session.images.current.strokes
    assert session.problem is None
    assert strokes.name == "lazy on photo"
    assert strokes.data.dtype == np.uint8
    assert np.allclose(strokes.scale, (2, 2))
    np.testing.assert_array_equal(strokes.data, values)
    strokes.data[0, 0] = 7
    assert np.asarray(layer.data[0] if layer.multiscale else layer.data)[0, 0] != 7


def test_a_file_on_disk_is_not_painted_into(viewer, session, halves, tmp_path):
    values = np.memmap(tmp_path / "a.dat", np.uint8, "w+", shape=halves.shape)
    viewer.add_image(halves)
    layer = viewer.add_labels(values)
    with pytest.raises(InputError, match="in a file"):
        session.images.choose_strokes(layer)


def test_only_the_layer_that_was_chosen_last_is_offered_to_be_taken_over(
    viewer, session, halves
):
    viewer.add_image(halves)
    lazy = viewer.add_labels(da.from_array((halves > 100).astype(np.uint8) + 1))
    picture = np.random.default_rng(0).normal(100, 9, halves.shape).astype(np.uint8)
    assert not session.choose_strokes(lazy)
    assert session.images.current.refused is lazy
    assert not session.choose_strokes(viewer.add_labels(picture, name="pic"))
    assert session.images.current.refused is None
    assert "The pixels of 'pic' hold" in session.hint
