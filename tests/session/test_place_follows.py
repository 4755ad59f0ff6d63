"""Layers and sizes follow an image that is scaled, moved or given units later."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.layers.images import lies_on_image
from napari_garage_unet.process.protocol.messages import LIVE, OpenImage, Train
from napari_garage_unet.session.segmentation.segmentation_job import SegmentationOptions
from napari_garage_unet.session.training.live_model import Phase

PLACES = {
    "scale": {"scale": (0.5, 0.25)},
    "translate": {"translate": (100, 200)},
    "rotate": {"rotate": 30, "scale": (2, 3)},
    "shear": {"shear": [0.3], "rotate": 10, "scale": (2, 3)},
    "affine": {"affine": [[0.5, 0.1, 7], [0, 2, 9], [0, 0, 1]]},
    "units": {"scale": (0.5, 0.25), "units": ("um", "um")},
    "units per axis": {"scale": (500, 0.25), "units": ("nm", "um")},
}


@pytest.fixture
def learnt(painted, run):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING and painted.preview.shown > 0)
    painted.stop()
    run(lambda: not painted.live.is_running)
    return painted


def segmented(session, run):
    layer = session.images.current.layer
    (result,) = session.segment(
        LIVE, [layer], SegmentationOptions(probabilities=True, all_planes=True)
    )
    run(lambda: not session.segmentation.is_running)
    return result


def found(session, result, run):
    session.objects.find(result)
    run(lambda: session.objects.newest is not None and not session.objects.is_busy)
    return session.objects.newest


def put(layer, placed):
    for name, value in placed.items():
        setattr(layer, name, value)


def corners(viewer, layer):
    """Where the corners of a layer are in the units of the viewer's world."""
    units = viewer.dims.units or layer.units
    found = []
    for corner in np.ndindex(*(2,) * layer.ndim):
        at = np.array(corner) * (np.array(layer.data.shape[: layer.ndim]) - 1)
        world = layer.data_to_world(at)
        found.append(
            [
                float((value * unit).to(wanted).magnitude)
                for value, unit, wanted in zip(
                    world, layer.units, units[-layer.ndim :], strict=True
                )
            ]
        )
    return np.array(found)


@pytest.mark.parametrize("placed", PLACES.values(), ids=PLACES)
def test_everything_that_was_made_stays_on_the_image(learnt, viewer, run, placed):
    found(learnt, segmented(learnt, run), run)
    learnt.show_uncertainty(True)
    image = learnt.images.current.layer
    kinds = [layer for layer in viewer.layers if layer is not image]
    assert (
        len(kinds) == 7
    )  # strokes, preview, segmentation, objects, uncertainty, p(1, 2)
    put(image, placed)
    for layer in kinds:
        assert np.allclose(corners(viewer, layer), corners(viewer, image)), layer.name
    assert learnt.problem is None


@pytest.mark.parametrize("placed", PLACES.values(), ids=PLACES)
def test_layers_made_later_lie_on_it_too(learnt, viewer, run, placed):
    image = learnt.images.current.layer
    put(image, placed)
    found(learnt, segmented(learnt, run), run)
    for layer in viewer.layers:
        assert np.allclose(corners(viewer, layer), corners(viewer, image)), layer.name


def test_sizes_are_those_of_the_layer_when_they_are_measured(learnt, run):
    result = segmented(learnt, run)
    before = found(learnt, result, run)
    area = before.table["area"].copy()
    image = learnt.images.current.layer
    image.scale, image.units = (0.5, 0.5), ("um", "um")
    shown = learnt.objects.newest
    # What is on view was measured before, in pixels, and says so.
    assert shown.image.units == "pixel"
    assert shown.is_outdated
    now = found(learnt, result, run)
    assert now.image.units == "micrometer"
    assert not now.is_outdated
    assert np.allclose(now.table["area"], area / 4)
    measured = dict(now.table)
    image.translate = (10, 20)
    again = found(learnt, result, run).table
    assert np.allclose(again["centroid_y"], measured["centroid_y"] + 10)
    assert np.allclose(again["bbox_max_x"], measured["bbox_max_x"] + 20)


def test_an_affine_counts_in_the_table(learnt, run):
    learnt.images.current.layer.affine = np.diag([0.5, 0.5, 1])
    result = segmented(learnt, run)
    table = found(learnt, result, run).table
    assert table["area"].sum() == pytest.approx(
        np.count_nonzero(result.layer.data == 2) / 4
    )


def test_centroids_are_where_the_viewer_shows_them(learnt, run):
    image = learnt.images.current.layer
    put(image, {"scale": (0.5, -0.25), "translate": (10, 20)})
    result = segmented(learnt, run)
    objects = found(learnt, result, run)
    for row, label in enumerate(objects.table["label"]):
        centre = np.argwhere(objects.layer.data == label).mean(axis=0)
        shown = image.data_to_world(centre)
        assert objects.table["centroid_y"][row] == pytest.approx(shown[0])
        assert objects.table["centroid_x"][row] == pytest.approx(shown[1])


def test_nothing_is_learnt_or_sent_anew(learnt, engine, run):
    model, step = learnt.live.origin, learnt.live.step
    sent, opened = len(engine.sent(Train)), len(engine.sent(OpenImage))
    pixels = learnt.images.current.image().data
    put(learnt.images.current.layer, PLACES["units"])
    run(polls=20)
    assert learnt.images.current.image().data is pixels
    assert learnt.images.current.image().spacing == (0.5, 0.25)
    assert learnt.live.origin is model
    assert learnt.live.step == step
    assert len(engine.sent(Train)) == sent
    assert len(engine.sent(OpenImage)) == opened


def test_learning_goes_on_while_the_image_is_moved(painted, run):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    image = painted.images.current.layer
    for at in range(5):
        image.translate = (at, at)
        image.scale = (1 + at, 1)
        run(polls=3)
    assert painted.live.is_running
    assert painted.problem is None
    assert painted.images.current.strokes is not None


def test_a_volume_in_nanometers_and_micrometers(viewer, session, run):
    volume = np.full((6, 30, 40), 20, np.uint8)
    volume[:, 10:20, 10:20] = 220
    viewer.add_image(volume, name="v", scale=(200, 0.1, 0.1), units=("nm", "um", "um"))
    strokes = session.strokes_layer()
    strokes.data[1, 12:15, 12:18] = 2
    strokes.data[1, 2:5, 12:18] = 1
    strokes.refresh()
    session.images.current.look_at_all()
    session.classes.follow(session.counts)
    session.learn()
    run(lambda: session.live.step > 3)
    session.stop()
    run(lambda: not session.live.is_running)
    result = segmented(session, run)
    table = found(session, result, run).table
    n = np.count_nonzero(result.layer.data == 2)
    assert table["volume"].sum() == pytest.approx(n * 0.002)
    # A click is a point in nanometers, so the layer is, too, and paint lands there.
    assert {str(unit) for unit in viewer.dims.units} == {"nanometer"}
    assert [str(unit) for unit in strokes.units] == ["nanometer"] * 3
    assert strokes.world_to_data((400, 1000, 2000)) == pytest.approx((2, 10, 20))


def test_strokes_have_the_units_of_the_image_again_when_the_world_has(painted, viewer):
    image, strokes = painted.images.current.layer, painted.images.current.strokes
    image.units = ("um", "um")
    other = viewer.add_image(np.zeros((5, 5)), units=("nm", "nm"), name="other")
    assert {str(unit) for unit in strokes.units} == {"nanometer"}
    assert lies_on_image(strokes, image)
    viewer.layers.remove(other)
    assert {str(unit) for unit in strokes.units} == {"micrometer"}
    assert {str(unit) for unit in viewer.dims.units} == {"micrometer"}
    image.units = ("nm", "um")
    assert {str(unit) for unit in viewer.dims.units} == {"nanometer"}
    image.units = ("um", "um")
    assert {str(unit) for unit in viewer.dims.units} == {"micrometer"}
    assert painted.images.current.strokes is strokes


def test_smoothing_looks_again_where_pixels_get_other_proportions(learnt, run):
    result = segmented(learnt, run)
    rule = ClassRule(smooth=3)
    learnt.results.set_rules(result, {2: rule})
    learnt.tuner.background_labels.apply([result])
    run(lambda: not result.n_outdated)
    image = learnt.images.current.layer
    image.scale = (2, 2)
    assert not result.n_outdated
    image.scale = (5, 1)
    assert result.n_outdated == 1
    run(lambda: not result.n_outdated)


def test_a_deleted_layer_is_let_go(learnt, viewer, run):
    result = segmented(learnt, run)
    viewer.layers.remove(result.layer)
    learnt.images.current.layer.scale = (3, 3)
    run(polls=5)
    assert learnt.problem is None


def test_what_cannot_be_followed_is_said(painted):
    image = painted.images.current.layer
    assert "pixels" not in painted.hint
    image.scale, image.units = (0.5, 0.5), ("um", "pixel")
    assert (
        "Sizes of 'halves' are in pixels, because its axes are not all measured in "
        "units of length (y in micrometer, x in pixel)." in painted.hint
    )
    assert painted.images.current.image().spacing == (1, 1)
    image.units = ("um", "um")
    assert "Sizes" not in painted.hint


def test_a_layer_without_units_takes_those_of_all_away(painted, viewer):
    image, strokes = painted.images.current.layer, painted.images.current.strokes
    image.units = ("nm", "um")
    assert {str(unit) for unit in strokes.units} == {"nanometer"}
    viewer.add_points(np.zeros((1, 2)))
    assert viewer.dims.units is None
    assert strokes.units == image.units
    assert np.allclose(strokes.affine.affine_matrix, image.affine.affine_matrix)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((2, 30, 40), "cyx"), ((5, 2, 30, 40), "zcyx"), ((30, 40, 6), "yxc")],
)
def test_strokes_follow_images_whose_channels_stand_anywhere(
    viewer, session, shape, axes
):
    image = viewer.add_image(
        np.zeros(shape, np.uint8), axis_labels=tuple(axes), rgb=False, name="many"
    )
    strokes = session.strokes_layer()
    steps = {"c": 1.0, "z": 200.0, "y": 0.5, "x": 0.25}
    image.scale = [steps[a] for a in axes]
    image.translate = [0.0 if a == "c" else 3.0 for a in axes]
    image.units = ["pixel" if a == "c" else "nm" if a == "z" else "um" for a in axes]
    assert lies_on_image(strokes, image)
    annotated = session.images.current
    assert annotated.strokes is strokes
    assert annotated.look_at_all() is False
    place = annotated.place
    size = {"z": 0.2, "y": 0.5, "x": 0.25}
    assert place.spacing == pytest.approx([size[a] for a in axes if a != "c"])
    assert place.units == "micrometer"
    strokes.translate = np.asarray(strokes.translate) + 20
    with pytest.raises(InputError, match="have to lie on each other"):
        annotated.look_at_all()
    assert annotated.refused is strokes
    session.take_over_strokes(by_index=True)
    assert lies_on_image(strokes, image)
