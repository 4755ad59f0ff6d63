"""The real engine process: it trains, predicts, saves and loads for a viewer."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from plain_viewer import Viewer, is_process

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.engine.learning.pixels.rounds import CORRECTION_STEPS
from napari_garage_unet.engine.models.loading import load_model
from napari_garage_unet.engine.settings import to_json
from napari_garage_unet.process.client.client import EngineClient
from napari_garage_unet.process.protocol.messages import (
    LIVE,
    Cancel,
    CloseImage,
    Died,
    Done,
    Failed,
    LoadModel,
    ModelReady,
    OpenImage,
    Predict,
    Predicted,
    Progress,
    Ready,
    SaveModel,
    SetPlane,
    SetStrokes,
    SharedArray,
    Stop,
    StrokesNeeded,
    Train,
    Trained,
    UseModel,
    Warm,
)
from napari_garage_unet.process.protocol.shared_arrays import BlockPool, SharedBlock
from napari_garage_unet.samples import garage

HEIGHT, WIDTH = 70, 110
CLASSES = tuple(
    to_json(info) for info in (ClassInfo(2, "dark", background=True), ClassInfo(5))
)
SMALL = {"encoder": "plain", "width": 4, "depth": 1, "norm": "none"}
QUICK = {"crop": 32, "batch": 2, "learning_rate": 0.005}
LEARNT_STEPS = 150
"""Steps after which the small network tells dark from bright."""

HARDLY = {"max_steps": 1, "learning_rate": 1e-7}
"""A training that leaves what it starts from as it is."""


class Bench(Viewer):
    """A viewer with an image that is dark at the left and bright at the right."""

    def __init__(self, client: EngineClient) -> None:
        super().__init__(client)
        self.pool = BlockPool()
        rng = np.random.default_rng(0)
        self.pixels = rng.normal(80, 10, (HEIGHT, WIDTH)).astype(np.float32)
        self.pixels[:, WIDTH // 2 :] += 60
        self.strokes = np.zeros((HEIGHT, WIDTH), np.uint8)
        self.strokes[10:13, 5:40] = 2
        self.strokes[50:53, 70:100] = 5

    def open(self, key: str, pixels: NDArray[Any]) -> SharedBlock:
        block = SharedBlock.copy_of(pixels)
        axes = ("yx", "yxc")[pixels.ndim - 2]
        opened = self.get(OpenImage, key, block.description, axes, (), key)
        assert isinstance(opened, Done), opened
        return block

    def paint(self, key: str, strokes: NDArray[Any]) -> Any:
        block = self.pool.take(strokes.shape, strokes.dtype)
        np.copyto(block.array, strokes)
        answer = self.get(SetStrokes, key, block.description)
        self.pool.give_back(block)
        return answer

    def train(self, **kwargs: Any) -> int:
        training = {**QUICK, **kwargs.pop("training", {})}
        kwargs = {"network": SMALL, **kwargs}
        return self.ask(Train, ("photo",), CLASSES, training=training, **kwargs)

    def predict(
        self, model: str, box: tuple[int, int, int, int] | None = None, rows: int = 2
    ) -> tuple[Any, NDArray[np.uint8]]:
        y0, y1, x0, x1 = box or (0, HEIGHT, 0, WIDTH)
        block = self.pool.take((rows, y1 - y0, x1 - x0), np.uint8)
        answer = self.get(Predict, model, "photo", (), block.description, box)
        result = block.array.copy()
        self.pool.give_back(block)
        return answer, result

    def progress(self, train: int, step: int = 1) -> Progress:
        found = self.until(
            lambda e: (
                (isinstance(e, Progress) and e.id == train and e.step >= step)
                or isinstance(e, Failed)
            )
        )
        assert isinstance(found, Progress), found
        return found

    def stop(self, train: int) -> Trained:
        assert isinstance(self.get(Stop), Done)
        trained = self.answer(train)
        assert isinstance(trained, Trained), trained
        return trained

    def accuracy(self, probabilities: NDArray[np.uint8]) -> float:
        bright = probabilities.argmax(axis=0) == 1
        return float((bright == (np.arange(WIDTH) >= WIDTH // 2)).mean())


@pytest.fixture(scope="module")
def started() -> Iterator[Bench]:
    client = EngineClient()
    client.start()
    bench = Bench(client)
    ready = bench.until(lambda e: isinstance(e, Ready | Died))
    assert isinstance(ready, Ready), ready
    assert {"tensorflow", "keras"} <= set(ready.versions)
    assert ready.device
    assert ready.note.endswith(".") or not ready.device.startswith("CPU")
    assert bench.until_kind(Warm).seconds > 0
    block = bench.open("photo", bench.pixels)
    assert isinstance(bench.paint("photo", bench.strokes), Done)
    yield bench
    pid = client.pid
    client.close()
    assert pid is None or not is_process(pid)
    block.close()
    bench.pool.close()


@pytest.fixture
def bench(started: Bench) -> Iterator[Bench]:
    """An engine at rest, which knows the image and its strokes as ``photo``."""
    started.seen.clear()
    yield started
    # A test that has failed in mid-training must not fail the others.
    started.get(Stop)


def test_it_predicts_while_it_trains_and_gets_better(bench: Bench) -> None:
    train = bench.train(training={"seconds": 60.0})
    assert bench.progress(train).step == 1
    first, _ = bench.predict(LIVE)
    assert isinstance(first, Predicted)
    assert first.classes == (2, 5)
    seen = bench.progress(train, first.step + LEARNT_STEPS)
    assert 0 < seen.loss < np.inf
    assert seen.seconds > 0
    last, probabilities = bench.predict(LIVE)
    assert last.step >= first.step + LEARNT_STEPS
    assert bench.accuracy(probabilities) > 0.95
    # Rounding to 1 / 255 may miss the sum by one half for each class.
    assert np.ptp(probabilities.astype(int).sum(axis=0)) <= 2
    trained = bench.stop(train)
    assert trained.reason is StopReason.STOPPED
    assert trained.steps >= last.step
    assert not trained.validated  # one stroke of each class leaves none to hold out


def test_stop_takes_less_than_a_second(bench: Bench) -> None:
    """The network that ships, strokes held out, and a preview in flight."""
    photo = garage()
    open_block = bench.open("garage", photo.left)
    assert isinstance(bench.paint("garage", photo.strokes), Done)
    classes = tuple(to_json(info) for info in photo.classes)
    preview = bench.pool.take((len(classes), *photo.strokes.shape), np.uint8)
    took, previews = [], []
    for _ in range(3):
        train = bench.ask(Train, ("garage",), classes, training={"seconds": 60.0})
        bench.progress(
            train, CORRECTION_STEPS + 5
        )  # from then on strokes can be checked
        predict = bench.ask(Predict, LIVE, "garage", (), preview.description)
        time.sleep(0.1)
        begin = time.perf_counter()
        stop = bench.ask(Stop)
        trained = bench.answer(train)
        took.append(time.perf_counter() - begin)
        assert (trained.reason, trained.validated) == (StopReason.STOPPED, True)
        assert bench.answer(stop) == Done(stop)
        # The preview is of the state that stays, and complete.
        answer = bench.answer(predict)
        assert isinstance(answer, Predicted)
        again = preview.array.copy()
        answer = bench.answer(
            bench.ask(Predict, LIVE, "garage", (), preview.description)
        )
        np.testing.assert_array_equal(preview.array, again)
        previews.append(answer.seconds)
    # A machine that needs longer than that for a preview is busy with something else.
    assert np.median(took) < max(1.0, np.median(previews)), (took, previews)
    bench.pool.give_back(preview)
    assert isinstance(bench.get(CloseImage, "garage"), Done)
    open_block.close()


def test_training_ends_by_itself(bench: Bench) -> None:
    trained = bench.answer(bench.train(training={"max_steps": 5}))
    assert (trained.reason, trained.steps) == (StopReason.STEPS, 5)


def test_a_saved_model_gives_what_the_live_one_gives(
    bench: Bench, tmp_path: Path
) -> None:
    bench.answer(bench.train(training={"max_steps": LEARNT_STEPS}))
    path = str(tmp_path / "halves.garage")
    ready = bench.get(SaveModel, LIVE, path, {"5": {"threshold": 0.25}})
    assert isinstance(ready, ModelReady), ready
    assert ready.key == path
    assert ready.info["classes"][0]["name"] == "dark"
    assert load_model(path).rules[5].threshold == 0.25

    _, live = bench.predict(LIVE)
    answer, saved = bench.predict(path)
    assert (answer.step, answer.classes) == (0, (2, 5))
    assert np.abs(saved.astype(int) - live).max() <= 1
    assert bench.get(LoadModel, path).info == ready.info

    box = (20, 50, 30, 101)
    _, part = bench.predict(path, box)
    assert np.abs(part.astype(int) - saved[:, 20:50, 30:101]).max() <= 1


def test_strokes_of_a_new_class_are_learnt_without_a_restart(bench: Bench) -> None:
    train = bench.train(training={"seconds": 60.0})
    bench.progress(train, 3)
    more = bench.strokes.copy()
    more[60:63, 5:40] = 9
    try:
        assert isinstance(bench.paint("photo", more), Done)
        bench.seen.clear()  # steps that were taken before
        after = bench.progress(train, bench.progress(train).step + 3)
        assert after.id == train
        few, _ = bench.predict(LIVE)
        assert "has 3 classes" in few.message
        answer, probabilities = bench.predict(LIVE, rows=4)
        assert answer.classes == (2, 5, 9)
        assert probabilities[:3].any(axis=(1, 2)).all()
        bench.stop(train)
    finally:
        bench.paint("photo", bench.strokes)


def test_a_box_of_strokes_is_learnt_like_all_of_them(bench: Bench) -> None:
    train = bench.train(training={"seconds": 60.0})
    bench.progress(train, 3)
    whole = SharedBlock.copy_of(bench.strokes)
    part = SharedBlock.copy_of(np.full((3, 35), 9, np.uint8))
    box = ((60, 63), (5, 40))
    try:
        number = bench.ask(SetStrokes, "photo", whole.description)
        assert bench.answer(number) == Done(number)
        lost = bench.get(SetStrokes, "photo", part.description, box, number - 1)
        assert isinstance(lost, StrokesNeeded)
        edited = bench.ask(SetStrokes, "photo", part.description, box, number)
        assert bench.answer(edited) == Done(edited)
        learnt = bench.until(lambda e: isinstance(e, Progress) and e.strokes >= edited)
        assert learnt.strokes == edited
        answer, _ = bench.predict(LIVE, rows=4)
        assert answer.classes == (2, 5, 9)
        bench.stop(train)
    finally:
        part.close()
        whole.close()
        bench.paint("photo", bench.strokes)


def test_strokes_that_teach_nothing_are_told_once_and_training_goes_on(
    bench: Bench,
) -> None:
    train = bench.train(training={"seconds": 60.0})
    bench.progress(train)
    one_class = np.where(bench.strokes == 2, 2, 0).astype(np.uint8)
    try:
        bench.paint("photo", one_class)
        told = bench.until_kind(Failed)
        assert told.id is None
        assert "All strokes are of class 2" in told.message
        step = bench.progress(train).step
        bench.progress(train, step + 3)
        bench.stop(train)
        assert not any(isinstance(event, Failed) for event in bench.seen)
    finally:
        bench.paint("photo", bench.strokes)


def test_a_resumed_training_goes_on_from_what_was_learnt(bench: Bench) -> None:
    bench.answer(bench.train(training={"max_steps": LEARNT_STEPS}))
    _, learnt = bench.predict(LIVE)
    assert bench.answer(bench.train(training=HARDLY, resume=True)).steps == 1
    _, resumed = bench.predict(LIVE)
    assert bench.accuracy(resumed) > 0.95
    assert np.abs(resumed.astype(int) - learnt).max() <= 1
    assert bench.answer(bench.train(training=HARDLY)).steps == 1
    _, anew = bench.predict(LIVE)
    assert bench.accuracy(anew) < 0.8


def test_training_goes_on_from_a_version_that_was_gone_back_to(
    bench: Bench, tmp_path: Path
) -> None:
    path = str(tmp_path / "version.garage")
    bench.answer(bench.train(training={"max_steps": LEARNT_STEPS}))
    assert isinstance(bench.get(SaveModel, LIVE, path), ModelReady)
    _, kept = bench.predict(LIVE)
    # Another state of the very training that would be gone on with otherwise.
    assert bench.answer(bench.train(training=HARDLY)).steps == 1
    _, anew = bench.predict(LIVE)
    assert bench.accuracy(anew) < 0.8
    train = bench.train(training={"seconds": 60.0}, resume=True)
    bench.progress(train)
    assert "Training is running" in bench.get(UseModel, path, 7).message
    bench.stop(train)

    ready = bench.get(UseModel, path, 7)
    assert isinstance(ready, ModelReady), ready
    assert ready.info["provenance"]["steps"] == LEARNT_STEPS
    assert ready.info["provenance"]["accuracy"] is None
    answer, back = bench.predict(LIVE)
    assert answer.step == 7
    np.testing.assert_array_equal(back, kept)
    assert bench.answer(bench.train(training=HARDLY, resume=True)).steps == 1
    _, resumed = bench.predict(LIVE)
    assert np.abs(resumed.astype(int) - kept).max() <= 1
    # A file that is no model leaves the live one as it is.
    (tmp_path / "no").write_bytes(b"no model")
    assert isinstance(bench.get(UseModel, str(tmp_path / "no"), 1), Failed)
    _, still = bench.predict(LIVE)
    np.testing.assert_array_equal(still, resumed)


def test_a_second_training_is_refused_while_one_runs(bench: Bench) -> None:
    train = bench.train(training={"seconds": 60.0})
    bench.progress(train)
    assert "running already" in bench.answer(bench.train()).message
    bench.stop(train)


def test_a_prediction_of_many_tiles_is_cancelled_in_between(bench: Bench) -> None:
    large = bench.open("large", np.zeros((4000, 4000), np.uint8))
    block = SharedBlock((2, 4000, 4000), np.uint8)
    begin = time.perf_counter()
    predict = bench.ask(Predict, LIVE, "large", (), block.description)
    time.sleep(0.3)
    cancel = bench.ask(Cancel, predict)
    failed = bench.answer(predict)
    assert failed.cancelled
    assert bench.answer(cancel) == Done(cancel)
    assert time.perf_counter() - begin < 5
    assert isinstance(bench.get(CloseImage, "large"), Done)
    large.close()
    block.close()


def test_what_cannot_be_done_is_a_sentence_and_the_engine_lives_on(
    bench: Bench, tmp_path: Path
) -> None:
    bench.answer(bench.train(training={"max_steps": 1}))
    damaged = tmp_path / "damaged.garage"
    damaged.write_bytes(b"no model")
    missing = str(tmp_path / "missing.garage")
    pid = bench.client.pid
    for answer, part in (
        (bench.get(Train, ("nobody",), CLASSES), "was closed"),
        (bench.answer(bench.train(training={"batch": 0})), "Crops per step|Batch"),
        (bench.answer(bench.train(start_from=missing)), "no model file"),
        (bench.get(LoadModel, str(damaged)), "damaged"),
        (bench.predict(missing)[0], "no model file"),
        (bench.predict(LIVE, (0, 10, 0, WIDTH + 1))[0], "does not lie in"),
        (bench.get(SaveModel, LIVE, str(tmp_path / "no" / "m")), "cannot be written"),
        (bench.get(SaveModel, LIVE, missing, {"4": {}}), "no class 4"),
    ):
        assert isinstance(answer, Failed), answer
        assert any(p in answer.message for p in part.split("|")), answer
        assert (answer.details, answer.cancelled) == ("", False)
    nan = bench.open("broken", np.full((HEIGHT, WIDTH), np.nan, np.float32))
    bench.paint("broken", bench.strokes)
    answer = bench.get(Train, ("broken",), CLASSES, network=SMALL, training=QUICK)
    assert isinstance(answer, Failed), answer
    assert "broken" in answer.message
    assert isinstance(bench.get(CloseImage, "broken"), Done)
    nan.close()
    assert bench.client.pid == pid


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_after_a_kill_training_goes_on_from_the_checkpoint(
    bench: Bench, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "checkpoint.garage"
    train = bench.train(training={"seconds": 60.0}, checkpoint=str(checkpoint))
    bench.until(lambda _: checkpoint.exists())
    _, kept = bench.predict(str(checkpoint))
    pid = bench.client.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    failed = bench.answer(train)
    assert "probably out of memory" in failed.message
    died = bench.until_kind(Died)
    assert "Your strokes are safe" in died.message

    bench.client.restart()
    # Before it is ready; whoever asks for training so soon need not wait for a
    # practice run first.
    block = bench.open("photo", bench.pixels)
    bench.paint("photo", bench.strokes)
    again = bench.train(training=HARDLY, start_from=str(checkpoint))
    assert bench.answer(again).steps == 1
    _, probabilities = bench.predict(LIVE)
    assert np.abs(probabilities.astype(int) - kept).max() <= 1
    block.close()


def test_a_plane_of_a_stack_is_learnt_without_the_others_as_with_them(
    started: Bench,
) -> None:
    """The rest of a stack that is given as a whole changes nothing."""
    stack = np.stack([started.pixels + 100, started.pixels, started.pixels * 3])
    strokes = started.strokes[np.newaxis]
    found = []
    for key in ("whole", "by plane"):
        with SharedBlock.copy_of(stack) as whole, SharedBlock.copy_of(stack[1]) as one:
            array = whole.description
            if key == "by plane":
                array = SharedArray("", stack.shape, stack.dtype.str)
            opened = started.get(OpenImage, key, array, "zyx", (), key)
            assert isinstance(opened, Done), opened
            if key == "by plane":
                given = started.get(SetPlane, key, (1,), one.description)
                assert isinstance(given, Done), given
            with SharedBlock.copy_of(strokes) as painted:
                about = (key, painted.description, None, 0, (1,))
                assert isinstance(started.get(SetStrokes, *about), Done)
            training = {**QUICK, "max_steps": 3}
            train = started.ask(
                Train, (key,), CLASSES, training=training, network=SMALL
            )
            trained = started.answer(train)
            assert isinstance(trained, Trained), trained
            result = started.pool.take((2, HEIGHT, WIDTH), np.uint8)
            answer = started.get(Predict, LIVE, key, (1,), result.description)
            assert isinstance(answer, Predicted), answer
            found.append(result.array.copy())
            if key == "by plane":
                absent = started.get(Predict, LIVE, key, (2,), result.description)
                assert isinstance(absent, Failed)
                assert "Plane z 2 of by plane has not been read" in absent.message
            started.pool.give_back(result)
            assert isinstance(started.get(CloseImage, key), Done)
    np.testing.assert_array_equal(*found)
