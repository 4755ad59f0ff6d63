"""What the axes of an image are is decided, changed and followed in a session."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.images.axes import AxesSource
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.layers.axes import axes_of, said_axes
from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.session.segmentation.segmentation_job import (
    SegmentationOptions,
)

DARK, BRIGHT = 20, 220
N_SPOTS, SPOT_PIXELS = 4, 36


def spots(*stack):
    """Planes of 40 x 60 pixels, each with the same bright squares of 6 x 6 pixels."""
    plane = np.full((40, 60), DARK, np.uint8)
    for y, x in ((4, 4), (4, 40), (25, 10), (28, 48)):
        plane[y : y + 6, x : x + 6] = BRIGHT
    return np.ascontiguousarray(np.broadcast_to(plane, (*stack, 40, 60)))


def paint(session, plane=()):
    """Paint both classes on a plane of the current image."""
    session.strokes_layer()
    current = session.images.current
    painted = current.painted_data[plane]
    painted[20:22, 30:40] = 1
    painted[5:9, 5:9] = 2
    current.look_at_all()
    session.classes.follow(session.counts)
    return current


def segment(session, run, layer):
    session.learn()
    run(lambda: session.live.step > 2)
    session.stop()
    run(lambda: not session.live.is_running)
    options = SegmentationOptions(all_planes=True)
    (result,) = session.segment(LIVE, [layer], options)
    run(lambda: not session.segmentation.is_running)
    assert session.problem is None, session.problem
    return result


def find(session, run, result):
    session.objects.find(result)
    run(lambda: not session.objects.is_busy)
    return session.objects.of_result(result)


def test_a_stack_is_a_movie_once_a_person_says_so(viewer, session, run):
    layer = viewer.add_image(spots(5))
    assert session.images.current.image().axes == "zyx"
    session.choose_axes("tyx")
    assert session.images.current.image().axes == "tyx"
    assert axes_of(layer) == ("tyx", AxesSource.PERSON)
    paint(session, 2)
    found = find(session, run, segment(session, run, layer))
    spots_table = {
        n: c[found.table["class"] != "background"] for n, c in found.table.items()
    }
    spots_table = {
        name: column[found.table["mean_intensity"] > 200]
        for name, column in found.table.items()
    }
    assert sorted(spots_table["t"]) == sorted(N_SPOTS * list(range(5)))
    assert set(spots_table["area"]) == {SPOT_PIXELS}
    assert "volume" not in spots_table


@pytest.mark.parametrize(("letters", "left"), [("tyx", 0), ("zyx", 5 * N_SPOTS * 36)])
def test_the_smallest_size_counts_per_frame_of_a_movie(
    viewer, session, run, letters, left
):
    layer = viewer.add_image(spots(5))
    session.choose_axes(letters)
    paint(session, 2)
    result = segment(session, run, layer)
    session.tuner.set_rules(result, {2: ClassRule(min_size=SPOT_PIXELS + 1)})
    run(lambda: not result.n_outdated)
    assert np.count_nonzero(result.pixels == 2) == left


def test_strokes_that_do_not_fit_are_kept_and_come_back(viewer, session):
    layer = viewer.add_image(spots(5))
    paint(session, 3)
    strokes = session.images.current.strokes
    before = strokes.data.copy()
    session.choose_axes("cyx")
    current = session.images.current
    assert current.strokes is None
    assert strokes in viewer.layers
    assert np.array_equal(strokes.data, before)
    assert "stay in 'strokes'" in session.hint
    assert "5 channels" in session.hint
    session.choose_axes("zyx")
    assert session.images.current.strokes is strokes
    assert session.counts == {1: 20, 2: 16}
    assert session.problem is None
    assert layer.data.shape == (5, 40, 60)


def test_an_empty_strokes_layer_that_does_not_fit_goes(viewer, session):
    viewer.add_image(spots(5))
    session.strokes_layer()
    session.choose_axes("cyx")
    assert [layer.name for layer in viewer.layers] == ["Image"]
    assert session.problem is None


def test_strokes_that_fit_stay_in_use(viewer, session):
    viewer.add_image(spots(5))
    paint(session, 3)
    strokes = session.images.current.strokes
    session.choose_axes("tyx")
    assert session.images.current.strokes is strokes
    assert session.counts == {1: 20, 2: 16}
    assert session.problem is None


def test_pixels_of_other_axes_are_another_image(viewer, session, run):
    layer = viewer.add_image(spots(5))
    paint(session, 0)
    strokes = session.images.current.strokes
    layer.data = spots()
    current = session.images.current
    assert (current.image().axes, current.spatial_shape) == ("yx", (40, 60))
    assert current.strokes is None
    assert strokes in viewer.layers
    paint(session)
    assert session.learn()
    run(lambda: session.live.step > 2)


def test_a_guess_that_is_confirmed_changes_nothing(viewer, session, run):
    layer = viewer.add_image(spots(5))
    paint(session, 0)
    result = segment(session, run, layer)
    before = session.images.current
    session.choose_axes("zyx")
    assert axes_of(layer) == ("zyx", AxesSource.PERSON)
    assert session.images.current is before
    assert result in list(session.results)


def test_axis_labels_that_are_set_later_count_too(viewer, session):
    layer = viewer.add_image(spots(5))
    paint(session, 3)
    layer.axis_labels = ("c", "y", "x")
    assert session.images.current.image().axes == "cyx"
    assert session.images.current.strokes is None


def test_previews_are_made_anew_and_segmentations_stay_to_look_at(viewer, session, run):
    layer = viewer.add_image(spots(5), name="cells")
    paint(session, 0)
    result = segment(session, run, layer)
    run(lambda: session.results.preview_of(session.images.current) is not None)
    session.choose_axes("tyx")
    assert len(session.results) == 0
    assert result.layer in viewer.layers
    assert "cells (preview)" not in viewer.layers
    run(polls=20)


def test_learning_begins_anew_where_there_are_other_channels(viewer, session, run):
    viewer.add_image(spots(5))
    paint(session, 0)
    session.learn()
    run(lambda: session.live.step > 2)
    session.choose_axes("cyx")
    run(lambda: not session.live.is_running)
    assert "learning stops" in session.hint or "stay in" in session.hint
    paint(session)
    assert session.learn()
    assert not session._parts.link.engine._client.sent(object)[-1].resume


IMAGES = [
    # shape, labels, axes, shape of strokes
    ((2, 40, 60), None, "cyx", (40, 60)),
    ((4, 2, 40, 60), None, "zcyx", (4, 1, 40, 60)),
    ((40, 60, 6), None, "yxc", (40, 60, 1)),
    ((5, 40, 60, 6), None, "zyxc", (5, 40, 60, 1)),
    ((1, 2, 1, 40, 60), None, "tczyx", (1, 1, 1, 40, 60)),
    ((2, 2, 4, 40, 60), ("t", "c", "z", "y", "x"), "tczyx", (2, 1, 4, 40, 60)),
    ((3, 2, 6, 40, 60), ("t", "z", "c", "y", "x"), "tzcyx", (3, 2, 1, 40, 60)),
    ((2, 33, 40, 60), ("z", "c", "y", "x"), "zcyx", (2, 1, 40, 60)),
    ((40, 60, 2, 3), ("y", "x", "c", "t"), "yxct", (40, 60, 1, 3)),
]


@pytest.mark.parametrize(("shape", "labels", "axes", "made"), IMAGES)
@pytest.mark.parametrize("placed", [False, True])
def test_strokes_and_results_lie_on_the_image_wherever_its_channels_are(
    viewer, session, run, shape, labels, axes, made, placed
):
    options = {} if labels is None else {"axis_labels": labels}
    if placed:
        options |= {
            "scale": np.arange(2, 2 + len(shape)) / 2,
            "translate": np.arange(len(shape)) * 7.0,
        }
    at = axes.index("c")
    stack = [i for i, a in enumerate(axes) if a in "tz"]
    bands = np.stack([spots(*(shape[i] for i in stack))] * shape[at])
    order = "c" + "".join(axes[i] for i in stack) + "yx"
    data = np.ascontiguousarray(bands.transpose([order.index(a) for a in axes]))
    layer = viewer.add_image(data, rgb=False, **options)
    current = session.images.current
    assert current.image().axes == axes
    strokes = session.strokes_layer()
    assert strokes.data.shape == made
    plane = [shape[i] - 1 for i in stack]
    for channel in (0, shape[at] - 1):
        strokes.data[...] = 0
        point = np.zeros(len(shape))
        point[at] = channel
        point[stack] = plane
        point[axes.index("y")], point[axes.index("x")] = 30, 50
        world = layer.data_to_world(point)
        viewer.dims.set_point(range(viewer.dims.ndim), world)
        assert current.plane_on_view(viewer) == tuple(plane)
        # napari shows and edits the pixel of the strokes at this place.
        assert tuple(viewer.dims.order[-2:]) == (axes.index("y"), axes.index("x"))
        hit = np.round(strokes.world_to_data(world)).astype(int)
        strokes.brush_size = 1
        strokes.paint(hit[-strokes.ndim :], 2)
        painted = np.argwhere(current.painted_data == 2)
        assert painted.tolist() == [[int(n) for n in np.delete(point, at)]]
        shown = [d - viewer.dims.ndim + strokes.ndim for d in viewer.dims.displayed]
        assert strokes.get_value(world, dims_displayed=shown, world=True) == 2
    result = segment_all(session, run, current, layer)
    assert result.layer.data.shape == made
    n_planes = np.prod([shape[i] for i in stack], dtype=int)
    assert np.count_nonzero(result.pixels == 2) == n_planes * N_SPOTS * SPOT_PIXELS


def segment_all(session, run, current, layer):
    image = current.image()
    current.painted_data[...] = 0
    paint(session, image.spatial_key((0,) * len(image.stack_axes)))
    return segment(session, run, layer)


def test_five_axes_that_nobody_can_read_are_refused_with_a_way_to_go_on(
    viewer, session
):
    viewer.add_image(np.zeros((2, 3, 4, 5, 20, 20), np.uint8), name="many")
    assert "'many' has 6 axes" in session.hint
    assert "Split Stack" in session.hint
    assert session.paint(1) is None
    assert "Split Stack" in session.problem.message


def test_strokes_without_room_for_the_channels_are_laid_on_the_image(viewer, session):
    viewer.add_image(spots(4, 2))
    plain = np.zeros((4, 40, 60), np.uint8)
    plain[3, 5, 5] = 2
    layer = viewer.add_labels(plain, name="mine")
    assert session.images.current.strokes is None
    session.images.choose_strokes(layer)
    strokes = session.images.current.strokes
    assert strokes.data.shape == (4, 1, 40, 60)
    assert strokes.data[3, 0, 5, 5] == 2
    assert not layer.visible
    assert session.counts == {2: 1}


def test_a_channel_that_is_added_has_the_axes_of_the_first(viewer, session):
    first = viewer.add_image(spots(5), name="a")
    session.choose_axes("tyx")
    second = viewer.add_image(spots(5), name="b")
    session.images.choose_channels([first, second])
    image = session.images.current.image()
    assert (image.axes, image.n_channels) == ("tyxc", 2)
    session.choose_axes("zyx")
    assert said_axes(second) == "zyx"
    assert session.images.current.image().axes == "zyxc"


def test_an_image_that_cannot_be_read_does_not_stop_the_session(viewer, session, run):
    viewer.add_image(spots(5))
    paint(session, 0)
    session.learn()
    run(lambda: session.preview.shown > 0)
    many = viewer.add_image(np.zeros((2, 3, 4, 5, 20, 20), np.uint8), name="many")
    session.images.choose(many)
    run(polls=30)
    assert "'many' has 6 axes" in session.hint
    session.stop()
    run(lambda: not session.live.is_running)
    run(polls=30)


def test_a_unit_of_time_given_later_makes_a_movie_and_strokes_stay(
    session, viewer, halves, run
):
    layer = viewer.add_image(np.stack([halves] * 7))
    strokes = session.strokes_layer()
    strokes.data[1, 5:8, 5:25] = 1
    session.images.current.look_at_all()
    assert session.images.current.image().axes == "zyx"
    layer.units = ("s", "um", "um")
    run(polls=5)
    current = session.images.current
    assert current.image().axes == "tyx"
    assert current.image().units == "micrometer"
    assert current.strokes is strokes
    assert session.counts == {1: 60}
    layer.scale = (2, 0.5, 0.5)  # what was made of it before follows it, too
    assert session.images.current.image().spacing == (2, 0.5, 0.5)
    assert strokes.scale.tolist() == [2, 0.5, 0.5]


def test_a_unit_of_its_own_given_later_makes_planes_of_channels(
    session, viewer, halves, run
):
    layer = viewer.add_image(np.stack([halves] * 3))
    strokes = session.strokes_layer()
    strokes.data[5:8, 5:25] = 1
    session.images.current.look_at_all()
    layer.scale = (200, 0.1, 0.1)
    assert session.images.current.image().axes == "cyx"
    layer.units = ("nm", "um", "um")
    run(polls=5)
    image = session.images.current.image()
    assert image.axes == "zyx"
    assert image.spacing == (0.2, 0.1, 0.1)
    assert strokes in viewer.layers
    assert "Your strokes stay in 'strokes'" in session.hint
