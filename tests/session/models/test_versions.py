"""Rest points of training are kept and gone back to."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.process.protocol.messages import (
    SaveModel,
    Train,
    UseModel,
)
from napari_garage_unet.project.description import SavedVersion
from napari_garage_unet.session.models.version_limits import (
    MAX_VERSIONS,
    dispensable,
)
from napari_garage_unet.session.training.live_model import Phase, Restored


def learn(session, engine, run, *, accuracy=None):
    """Learn a little, rest, and wait for the version."""
    known = len(session.versions)
    engine.info = {"provenance": {"accuracy": accuracy}}
    assert session.learn()
    run(lambda: session.live.phase is Phase.LEARNING and session.live.step >= 3)
    session.stop()
    run(lambda: len(session.versions) == known + 1)


def version(number, *, accuracy=None):
    return SavedVersion(f"v{number}", number, float(number), 1, 1.0, accuracy, {}, ())


def test_each_rest_point_is_a_version_with_its_figure(painted, engine, run):
    learn(painted, engine, run, accuracy=0.75)
    learn(painted, engine, run)
    first, second = painted.versions
    assert (first.number, second.number) == (1, 2)
    assert (first.accuracy, second.accuracy) == (0.75, None)
    assert second.steps > first.steps >= 3
    assert painted.versions.current == second.id
    assert painted.versions.path(first).is_file()


def test_nothing_is_kept_of_a_training_without_a_step(painted, engine, run):
    painted.learn()
    painted.stop()
    run(lambda: not painted.live.is_running)
    run(polls=3)
    assert painted.live.step == 0
    assert engine.sent(SaveModel) == []


def test_going_back_shows_the_earlier_version_and_loses_nothing(painted, engine, run):
    learn(painted, engine, run)
    layer = painted.images.current.strokes
    annotated = painted.images.current
    run(lambda: painted.results.preview_of(annotated) is not None)
    result = painted.results.preview_of(annotated)
    run(lambda: result.state_of(()) >= (painted.live.generation, 0))
    before = result.layer.data.copy()
    # The classes change sides: the second version says the opposite of the first.
    layer.data[:] = 0
    layer.data[5:8, 5:25], layer.data[5:8, 35:55] = 2, 1
    layer.refresh()
    learn(painted, engine, run)
    run(lambda: result.state_of(()) >= (painted.live.generation, 0))
    assert not np.array_equal(result.layer.data, before)
    strokes = layer.data.copy()

    first, second = painted.versions
    painted.restore_version(first)
    run(lambda: result.state_of(()) >= (painted.live.generation, 0))
    np.testing.assert_array_equal(result.layer.data, before)
    np.testing.assert_array_equal(layer.data, strokes)
    assert [v.id for v in painted.versions] == [first.id, second.id]
    assert painted.versions.current == first.id
    assert painted.live.origin == Restored(first.steps, first.seconds, validated=False)
    assert "earlier version" in painted.hint

    painted.restore_version(second)
    run(lambda: result.state_of(()) >= (painted.live.generation, 0))
    assert not np.array_equal(result.layer.data, before)


def test_learn_goes_on_from_the_version_that_was_chosen(painted, engine, run):
    learn(painted, engine, run)
    learn(painted, engine, run)
    first, _ = painted.versions
    painted.restore_version(first)
    learn(painted, engine, run)
    kinds = [type(r) for r in engine.requests if isinstance(r, UseModel | Train)]
    assert kinds == [Train, Train, UseModel, Train]
    assert engine.sent(Train)[-1].resume
    third = list(painted.versions)[-1]
    assert third.steps == first.steps + painted.live.origin.steps


def test_going_back_while_it_learns_keeps_what_it_was_learning(painted, engine, run):
    learn(painted, engine, run)
    (first,) = painted.versions
    painted.learn()
    run(lambda: painted.live.step >= 3)
    painted.restore_version(first)
    run(lambda: painted.versions.current == first.id)
    run(lambda: len(painted.versions) == 2)
    # Kept before the other one took its place.
    last_two = [type(r) for r in engine.requests if isinstance(r, SaveModel | UseModel)]
    assert last_two == [SaveModel, SaveModel, UseModel]
    assert painted.versions.current == first.id


def test_while_i_paint_does_not_learn_away_from_a_version_at_once(painted, engine, run):
    learn(painted, engine, run)
    (first,) = painted.versions
    painted.learns_by_itself = True
    painted.images.current.strokes.data[20:22, 5:9] = 1
    painted.images.current.strokes.refresh()
    run(lambda: painted.live.step >= 3 and painted.live.is_running)
    painted.restore_version(first)
    run(lambda: not painted.live.is_running)
    run(polls=20)
    assert not painted.live.is_running


def test_a_version_whose_file_is_gone_is_a_sentence(painted, engine, run):
    learn(painted, engine, run)
    learn(painted, engine, run)
    first, second = painted.versions
    painted.versions.path(first).unlink()
    painted.restore_version(first)
    assert painted.problem.message.startswith("The file of version 1 is gone")
    assert painted.versions.current == second.id


def test_a_killed_engine_gets_back_the_version_that_was_live(painted, engine, run):
    learn(painted, engine, run)
    learn(painted, engine, run)
    first, _ = painted.versions
    painted.restore_version(first)
    run(polls=2)
    engine.die()
    run(lambda: painted.problem is not None)
    assert len(painted.versions) == 2
    painted.restart()
    assert painted.live.has_model
    assert engine.sent(UseModel)[-1].path == str(painted.job.checkpoint)
    assert (
        painted.job.checkpoint.read_bytes() == painted.versions.path(first).read_bytes()
    )
    run(polls=3)
    assert painted.problem is None
    assert engine.model


def test_an_engine_killed_while_it_stops_to_go_back_works_again(painted, engine, run):
    learn(painted, engine, run)
    (first,) = painted.versions
    painted.learn()
    run(lambda: painted.live.step >= 3)
    engine.ignores_stop = True
    painted.restore_version(first)
    engine.die()
    run(lambda: painted.problem is not None)
    run(polls=3)
    assert engine.sent(UseModel) == []
    painted.restart()
    run(lambda: painted.live.phase is Phase.LEARNING)
    assert painted.problem is None
    assert [v.id for v in painted.versions] == [first.id]


def test_going_back_starts_a_dead_engine_again(painted, engine, run):
    learn(painted, engine, run)
    (first,) = painted.versions
    engine.die()
    run(lambda: painted.problem is not None)
    painted.restore_version(first)
    run(lambda: painted.link.is_running)
    run(polls=3)
    assert painted.problem is None
    assert engine.step == first.steps


def test_the_preview_is_drawn_small_for_a_version(painted, engine, run):
    from io import BytesIO

    from PIL import Image as Picture

    painted.classes.recolor({2: "#ff0000"})
    learn(painted, engine, run)
    (first,) = painted.versions
    run(lambda: first.id in painted.versions.pictures)
    run(lambda: not painted.keeper.pictures.is_waiting)
    run(lambda: f"picture of {first.id}" not in painted.tasks)
    data = painted.versions.pictures[first.id]
    picture = np.asarray(Picture.open(BytesIO(data)), int)
    assert picture.shape == (40, 60, 3)
    # The background class shows the image, the other one its colour.
    assert np.ptp(picture[20, 10]) == 0
    assert picture[20, 50, 0] > picture[20, 50, 1] + 80
    assert painted.versions.picture_path(first).read_bytes() == data


def test_the_oldest_go_but_never_the_best_checked_the_live_or_the_newest():
    versions = [
        version(n, accuracy=0.9 if n == 2 else 0.5) for n in range(1, MAX_VERSIONS + 4)
    ]
    dropped = dispensable(versions, [1] * len(versions), current="v3")
    assert [v.id for v in dropped] == ["v1", "v4", "v5"]


def test_large_versions_are_fewer():
    versions = [version(n) for n in range(1, 6)]
    dropped = dispensable(versions, [100_000_000] * 5, current="v5")
    assert [v.id for v in dropped] == ["v1", "v2"]
    alone = dispensable(versions[:1], [10**9], current="")
    assert alone == []


@pytest.mark.parametrize("change", ["rename", "recolor"])
def test_classes_of_a_version_are_in_the_order_of_its_outputs(
    painted, engine, run, change
):
    engine.info = {}
    learn(painted, engine, run)
    if change == "rename":
        painted.rename_class(2, "wheel")
    else:
        painted.classes.recolor({2: "#00ff00"})
    (first,) = painted.versions
    assert [values["id"] for values in first.classes] == [1, 2]
    painted.restore_version(first)
    run(lambda: painted.live.has_model)
    # What a person has called a class since stays.
    assert painted.classes[2].name == ("wheel" if change == "rename" else "class 2")
