"""Whatever is wrong becomes one sentence, and the strokes stay as they are."""

from __future__ import annotations

import numpy as np
import pytest


def paint_two(session):
    layer = session.strokes_layer()
    layer.data[..., 2:4, 2:12] = 1
    layer.data[..., 2:4, 20:30] = 2
    return layer


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.uint16, np.int32, np.float32, np.float64]
)
def test_images_of_every_usual_type_are_learnt_from(
    viewer, session, engine, run, halves, dtype
):
    viewer.add_image((halves > 100) if dtype is bool else halves.astype(dtype))
    paint_two(session)
    assert session.learn(), session.hint
    run(lambda: session.preview.shown > 0)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint16])
def test_strokes_of_wider_types_are_learnt_from(
    viewer, session, engine, run, halves, dtype
):
    viewer.add_image(halves)
    strokes = np.zeros(halves.shape, dtype)
    strokes[2:4, 2:12], strokes[2:4, 40:50] = 1, 300
    session.choose_strokes(viewer.add_labels(strokes))
    assert session.learn(), session.hint
    run(lambda: session.preview.shown > 0)
    layer = session.results.preview_of(session.images.current).layer
    assert set(np.unique(layer.data)) == {1, 300}


def test_an_empty_stack_is_one_sentence(viewer, session):
    viewer.add_image(np.zeros((0, 8, 8), np.uint8), contrast_limits=(0, 1), name="void")
    assert not session.learn()
    assert session.hint


def test_an_image_replaced_by_one_of_another_shape_is_one_sentence(
    viewer, session, engine, run, halves
):
    image = viewer.add_image(halves, name="photo")
    layer = paint_two(session)
    painted = layer.data.copy()
    assert session.learn()
    run(lambda: session.live.step > 0)
    session.stop()
    run(lambda: not session.live.is_running)
    image.data = halves[:20]
    assert not session.learn()
    assert "(20, 60)" in session.hint
    assert "(40, 60)" in session.hint
    assert np.array_equal(layer.data, painted)


def test_what_the_engine_refuses_is_shown_as_it_says_it(
    viewer, session, engine, run, halves
):
    viewer.add_image(halves)
    layer = paint_two(session)
    painted = layer.data.copy()
    engine.refuses_training = "photo holds no finite pixel; choose another image."
    assert session.learn()
    run(lambda: session.problem is not None)
    assert session.hint == "photo holds no finite pixel; choose another image."
    assert not session.live.is_running
    assert np.array_equal(layer.data, painted)


def test_painting_takes_the_sentence_away(viewer, session, run, halves):
    viewer.add_image(halves)
    session.strokes_layer()
    assert not session.learn()
    session.images.current.strokes.paint((5, 5), 1)
    run(lambda: session.problem is None)
    assert session.hint == "Paint a stroke of a second class."


def test_strokes_replaced_by_another_shape_are_one_sentence(
    viewer, session, run, halves
):
    viewer.add_image(halves, name="photo")
    layer = paint_two(session)
    layer.data = np.zeros((7, 9), np.uint8)
    run(lambda: session.problem is not None)
    assert "(7, 9)" in session.hint
    assert session.images.current.strokes is None
