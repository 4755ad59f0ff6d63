from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.process.protocol.messages import LIVE, Predict
from napari_garage_unet.session.segmentation.segmentation_job import SegmentationOptions


@pytest.fixture
def trained(painted, run):
    painted.learn()
    run(lambda: painted.live.step >= 2)
    painted.stop()
    run(lambda: not painted.live.is_running)
    return painted


def segment(session, run, layer, wish=None):
    made = session.segment(LIVE, [layer], wish or SegmentationOptions())
    run(lambda: not session.segmentation.is_running)
    return made


def test_a_segmentation_lies_exactly_on_its_image(trained, viewer, run, halves):
    layer = viewer.add_image(
        halves,
        name="scaled",
        scale=(0.5, 2),
        translate=(3, 4),
        rotate=30,
        units=("um", "um"),
        axis_labels=("y", "x"),
    )
    (result,) = segment(trained, run, layer)
    made = result.layer
    assert made.name == "scaled segmentation"
    assert made.data.shape == halves.shape
    assert np.allclose(made.scale, (0.5, 2))
    assert np.allclose(made.translate, (3, 4))
    assert np.allclose(made.rotate, layer.rotate)
    assert made.units == layer.units
    assert made.axis_labels == ("y", "x")


def test_a_segmentation_holds_the_painted_ids(trained, run):
    (result,) = segment(trained, run, trained.images.current.layer)
    assert np.all(result.layer.data[:, :30] == 1)
    assert np.all(result.layer.data[:, 30:] == 2)


def test_a_stack_is_segmented_plane_by_plane_from_the_one_on_view(
    trained, viewer, engine, run, halves
):
    stack = np.stack([halves] * 4)
    layer = viewer.add_image(stack, name="stack", axis_labels=("z", "y", "x"))
    viewer.dims.set_point(0, 2)
    before = len(engine.sent(Predict))
    (result,) = segment(trained, run, layer, SegmentationOptions(all_planes=True))
    asked = [r.plane for r in engine.sent(Predict)[before:]]
    assert asked[:4] == [(2,), (0,), (1,), (3,)]
    assert trained.segmentation.done == trained.segmentation.total == 4
    assert np.array_equal(result.layer.data[:, 0, 0], [1, 1, 1, 1])


def test_only_the_plane_on_view_is_segmented_unless_all_are_wished(
    trained, viewer, run, halves
):
    layer = viewer.add_image(np.stack([halves] * 5), name="stack")
    viewer.dims.set_point(0, 1)
    (result,) = segment(trained, run, layer)
    assert result.layer.data[1].all()
    assert not result.layer.data[0].any()


def test_cancelling_keeps_the_planes_that_are_done(
    trained, viewer, run, engine, halves
):
    layer = viewer.add_image(np.stack([halves] * 5), name="stack")
    trained.segment(LIVE, [layer], SegmentationOptions(all_planes=True))
    run(lambda: trained.segmentation.done == 2)
    trained.segmentation.cancel()
    run(lambda: not trained.segmentation.is_running)
    (result,) = [r for r in trained.results if r.annotated.layer is layer]
    assert 2 <= len(result.planes) <= 3
    assert trained.problem is None


def test_probabilities_are_layers_that_sum_to_one(trained, viewer, run):
    segment(
        trained,
        run,
        trained.images.current.layer,
        SegmentationOptions(labels=False, probabilities=True),
    )
    maps = [layer for layer in viewer.layers if " p(" in layer.name]
    assert [layer.name for layer in maps] == [
        "halves p(background)",
        "halves p(class 2)",
    ]
    total = maps[0].data + maps[1].data
    assert np.allclose(total, 1, atol=1 / 255)
    assert not any(layer.name.endswith("segmentation") for layer in viewer.layers)


def test_segmenting_again_refreshes_the_same_layer(trained, viewer, run):
    image = trained.images.current.layer
    (first,) = segment(trained, run, image)
    (second,) = segment(trained, run, image)
    assert second.layer is first.layer
    first.layer.name = "keep me"
    (third,) = segment(trained, run, image)
    assert third.layer is not first.layer
    assert first.layer in viewer.layers


def test_without_a_model_there_is_a_sentence(session, viewer, halves):
    layer = viewer.add_image(halves)
    assert session.segment(LIVE, [layer], SegmentationOptions()) == ()
    assert "There is no model yet" in session.hint
    assert len(viewer.layers) == 1


def test_nothing_to_make_is_a_sentence(trained):
    image = trained.images.current.layer
    assert trained.segment(LIVE, [image], SegmentationOptions(labels=False)) == ()
    assert "Nothing is to be made" in trained.hint


def test_rules_of_the_model_decide_a_new_segmentation(trained, run):
    image = trained.images.current.layer
    trained.results.set_rules_of(LIVE, {1: ClassRule(threshold=1.0)})
    (result,) = segment(trained, run, image)
    assert result.rule(1).threshold == 1.0


def test_a_threshold_shows_at_once_on_view_and_everywhere_on_letting_go(
    trained, viewer, run, halves
):
    ramp = np.linspace(0, 255, 60).astype(np.uint8) * np.ones((40, 1), np.uint8)
    layer = viewer.add_image(np.stack([ramp] * 5), name="stack")
    viewer.dims.set_point(0, 1)
    (result,) = segment(trained, run, layer, SegmentationOptions(all_planes=True))
    before = result.layer.data.copy()
    trained.tuner.tune(result, 2, ClassRule(threshold=0.05))
    assert (result.layer.data[1] == 2).sum() > (before[1] == 2).sum()
    assert np.array_equal(result.layer.data[0], before[0])
    trained.tuner.apply(result)
    run(lambda: result.n_outdated == 0)
    assert np.array_equal(result.layer.data[0], result.layer.data[1])


def test_small_regions_are_removed_by_a_minimum_size(trained, viewer, run, halves):
    image = halves.copy()
    image[10:13, 5:8] = 220
    layer = viewer.add_image(image, name="speck")
    (result,) = segment(trained, run, layer)
    assert np.all(result.layer.data[10:13, 5:8] == 2)
    trained.tuner.tune(result, 2, ClassRule(min_size=10))
    assert not np.any(result.layer.data[:, :30] == 2)
    assert np.all(result.layer.data[:, 31:] == 2)


def test_resetting_brings_back_the_most_likely_class(trained, run):
    (result,) = segment(trained, run, trained.images.current.layer)
    plain = result.layer.data.copy()
    trained.tuner.tune(result, 1, ClassRule(threshold=1.0, min_size=1e6))
    assert not np.array_equal(result.layer.data, plain)
    trained.tuner.set_rules(result, {})
    run(lambda: result.n_outdated == 0)
    assert np.array_equal(result.layer.data, plain)
    assert result.rules == {}


def test_a_model_of_other_channels_is_refused_with_a_sentence(
    trained, viewer, tmp_path, monkeypatch
):
    from napari_garage_unet.session.models import models

    info = {"classes": [{"id": 1}, {"id": 2}], "n_channels": 3, "rules": {}}
    monkeypatch.setattr(models, "read_info", lambda path: info)
    entry = trained.load_model(tmp_path / "colour.garage")
    layer = trained.images.current.layer
    assert trained.segment(entry.key, [layer], SegmentationOptions()) == ()
    assert "1 channel" in trained.hint
    assert "3 channels" in trained.hint


def test_a_stack_that_does_not_fit_a_model_is_told_what_its_axes_are_taken_for(
    trained, viewer, tmp_path, monkeypatch, halves
):
    from napari_garage_unet.session.models import models

    info = {
        "classes": [{"id": 1}, {"id": 2}],
        "n_channels": 1,
        "axes": "tyx",
        "rules": {},
    }
    monkeypatch.setattr(models, "read_info", lambda path: info)
    entry = trained.load_model(tmp_path / "movies.garage")
    layer = viewer.add_image(np.stack([halves] * 3), name="stack")
    assert trained.segment(entry.key, [layer], SegmentationOptions()) == ()
    assert "3 channels (axes cyx, guessed from its shape)" in trained.hint
    assert "Axes in the dock Train U-Net" in trained.hint
