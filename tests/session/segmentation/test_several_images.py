"""Of several images, one that fails is named and the others get done."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.session.segmentation.segmentation_job import SegmentationOptions


@pytest.fixture
def trained(painted, run):
    painted.learn()
    run(lambda: painted.live.step >= 2)
    painted.stop()
    run(lambda: not painted.live.is_running)
    return painted


@pytest.fixture
def layers(trained, viewer, halves):
    return [viewer.add_image(halves, name=name) for name in ("a", "b", "c")]


def break_image(trained, engine, layer):
    """Let the engine fail at every plane of an image, once it has it."""
    annotated = trained.images.bind(layer)
    trained.link.open(annotated)
    del engine.images[annotated.key]


def segment(trained, run, layers, **options):
    made = trained.segment(LIVE, layers, SegmentationOptions(**options))
    run(lambda: not trained.segmentation.is_running)
    return made


def test_one_that_fails_is_named_and_leaves_no_layer_of_zeros(
    trained, viewer, engine, run, layers
):
    break_image(trained, engine, layers[1])
    finished = []
    trained.segmentation.finished.connect(finished.append)
    segment(trained, run, layers, probabilities=True)
    assert "a segmentation" in viewer.layers
    assert "c segmentation" in viewer.layers
    assert not [layer.name for layer in viewer.layers if layer.name.startswith("b ")]
    assert (viewer.layers["c segmentation"].data[:, 30:] == 2).all()
    assert trained.hint == "'b' could not be segmented: There is no such image."
    assert [[r.annotated.name for r in made] for made in finished] == [["a", "c"]]
    assert trained.segmentation.done == trained.segmentation.total == 3


def test_one_that_does_not_fit_the_model_is_named_and_the_others_get_done(
    trained, viewer, run, layers, monkeypatch
):
    entry = trained.models.by_key(LIVE)
    check = type(entry).check

    def refuse_b(self, image):
        if image.name == "b":
            raise InputError("b has 3 channels.")
        check(self, image)

    from napari_garage_unet.engine.errors import InputError

    monkeypatch.setattr(type(entry), "check", refuse_b)
    made = segment(trained, run, layers)
    assert [result.annotated.name for result in made] == ["a", "c"]
    assert "b segmentation" not in viewer.layers
    assert trained.hint == "'b' could not be segmented: b has 3 channels."


def test_the_last_planes_of_a_stack_that_fails_are_left_out(
    trained, viewer, engine, run, layers, halves
):
    stack = viewer.add_image(np.stack([halves] * 6), name="stack")
    break_image(trained, engine, stack)
    segment(trained, run, [stack, layers[0]], all_planes=True)
    assert "stack segmentation" not in viewer.layers
    assert "a segmentation" in viewer.layers
    assert trained.hint == "'stack' could not be segmented: There is no such image."


def test_one_image_alone_fails_in_the_words_of_the_engine(
    trained, viewer, engine, run, layers
):
    break_image(trained, engine, layers[0])
    segment(trained, run, layers[:1])
    assert trained.hint == "There is no such image."
    assert "a segmentation" not in viewer.layers


def test_when_the_engine_dies_nothing_more_is_asked_for(
    trained, viewer, engine, run, layers
):
    engine.holds_predictions = True
    trained.segment(LIVE, layers, SegmentationOptions())
    assert trained.segmentation.is_running
    engine.die()
    run(lambda: not trained.segmentation.is_running)
    assert "Restart" in trained.hint
