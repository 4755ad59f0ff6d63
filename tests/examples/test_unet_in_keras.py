"""The lesson, short: with small widths and few steps it does all it says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import jupytext
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from benchmarks.tutorial.lesson import LESSON, load_definitions, run_lesson

from napari_garage_unet import load_model
from napari_garage_unet.engine.compute.backend import keras, tf

PAGE = LESSON.parents[1] / "docs" / "tutorial.md"
SMALL = (8, 16, 32)
EPOCHS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lesson")


@pytest.fixture(scope="module")
def lesson(folder):
    """The variables at the end of a short run of the whole lesson."""
    plt.switch_backend("agg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plt, "show", lambda: plt.close("all"))
        return run_lesson(
            {
                "SIZE": 48,
                "WIDTHS": SMALL,
                "BATCH": 8,
                "STEPS": 16,
                "EPOCHS": EPOCHS,
                "SIGMOID_EPOCHS": 1,
                "STROKE_SECONDS": 1.0,
                "FOLDER": folder,
            }
        )


def test_blocks_have_the_shapes_the_lesson_tells(lesson):
    assert lesson["skip"].shape == (None, 48, 48, 8)
    assert lesson["halved"].shape == (None, 24, 24, 8)
    assert lesson["doubled"].shape == (None, 48, 48, 8)
    assert lesson["one"].output_shape == (None, 48, 48, 1)
    assert lesson["many"].output_shape == (None, 48, 48, 9)


def test_the_network_of_the_lesson_is_that_of_the_package(lesson):
    own, shipped = (
        lesson["unet"](n_classes=9),
        lesson["build_unet"]((48, 48, 3), 9, widths=SMALL),
    )
    shipped.set_weights(own.get_weights())
    squares = np.random.default_rng(0).random((2, 48, 48, 3), np.float32)
    np.testing.assert_allclose(
        own.predict(squares, verbose=0), shipped.predict(squares, verbose=0), atol=1e-5
    )


def test_the_loss_falls(lesson):
    loss = lesson["history"]["loss"]
    assert len(loss) == EPOCHS
    assert loss[-1] < loss[1] < loss[0]


def test_the_files_are_written_and_open_again(lesson, folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.png", "motorcycle.keras", "garage.keras", "garage.garage"}
    again = keras.models.load_model(folder / "garage.keras")
    assert again.output_shape == (None, 48, 48, 9)
    opened = load_model(folder / "garage.garage")
    assert [info.name for info in opened.classes] == list(lesson["NAMES"])
    labels = opened.segment(lesson["garage"].right)
    assert (labels == lesson["found"]).mean() > 0.5


def test_the_answer_covers_the_photograph_with_classes(lesson):
    assert lesson["found"].shape == (500, 741)
    assert lesson["found"].min() >= 1
    assert lesson["found"].max() <= 9
    np.testing.assert_allclose(lesson["probabilities"].sum(axis=-1), 1, atol=1e-4)


def test_accuracy_and_iou_are_counted_as_the_package_counts_them(lesson):
    from napari_garage_unet.engine.evaluation.scores import score

    truth = lesson["garage"].mask_right
    table = lesson["confusion"](truth, lesson["found"], 9)
    accuracy, iou = lesson["accuracy_and_iou"](table)
    scores = score(truth, lesson["found"])
    assert accuracy == pytest.approx(scores.accuracy)
    assert iou.mean() == pytest.approx(scores.mean_iou)


@pytest.fixture(scope="module")
def definitions():
    return load_definitions()


def test_squares_are_cut_from_picture_and_mask_alike(definitions):
    mask = np.random.default_rng(0).integers(1, 4, (90, 70))
    picture = (mask[..., None] / 4).astype(np.float32)
    squares = definitions.crops(
        [picture], [mask], size=32, batch=8, colour=0, turn=True
    )
    pictures, masks = next(iter(squares))
    assert pictures.shape == (8, 32, 32, 1)
    np.testing.assert_allclose(pictures[..., 0] * 4, masks, atol=1e-5)
    assert len({m.numpy().tobytes() for m in masks}) == 8


def test_pixels_set_aside_are_never_learnt_from(definitions):
    mask = np.random.default_rng(1).integers(0, 4, (130, 90))
    learn, aside = definitions.set_aside(mask, side=20, every=4)
    assert not ((learn > 0) & (aside > 0)).any()
    np.testing.assert_array_equal(learn + aside, mask)
    assert 0.1 < (aside > 0).sum() / (mask > 0).sum() < 0.4
    _, _, weights = definitions.which_class(None, tf.constant(learn))
    assert not weights.numpy()[aside > 0].any()


def test_turned_and_zoomed_copies_keep_picture_and_mask_together(definitions):
    mask = np.ones((80, 100), np.uint8)
    mask[20:60, 30:80] = 2
    photo = mask[..., None].astype(np.float32)
    copies = list(definitions.moved_copies(photo, mask, degrees=[15], zooms=[0.5, 2]))
    np.testing.assert_array_equal(copies[0][1], mask)
    for copy, moved in copies[1:]:
        same = np.abs(copy[..., 0] - moved) < 0.5
        assert same[moved > 0].mean() > 0.97
    smaller, larger = ((moved == 2).sum() for _, moved in copies[1:])
    assert smaller < (mask == 2).sum() < larger
    assert (copies[1][1] == 0).any()


def test_tiles_of_a_photograph_of_any_size_give_each_pixel_its_own_value(definitions):
    inputs = keras.Input((32, 32, 1))
    same = keras.Model(inputs, keras.layers.Identity()(inputs))
    photo = np.random.default_rng(2).random((45, 101, 1), np.float32)
    np.testing.assert_allclose(
        definitions.predict_tiles(same, photo, 32), photo, atol=1e-5
    )


class _StopIn(keras.callbacks.Callback):
    """What Ctrl-C does, in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.now == self.epoch and batch == 1:
            # What comes after the best state must not be in the file.
            self.model.set_weights([w + 100 for w in self.model.get_weights()])
            raise KeyboardInterrupt


@pytest.mark.parametrize("cut_short", [False, True])
def test_stopping_by_hand_keeps_the_best(definitions, tmp_path, capsys, cut_short):
    keras.utils.set_random_seed(0)
    data = _brightness(definitions)
    model = _compiled(definitions)
    path = tmp_path / "best.keras"
    stop = _StopIn(2)
    if cut_short:
        # The file is half written when it happens.
        stop.on_train_batch_end = _cut(path, stop.on_train_batch_end)
    history = definitions.fit_and_keep_the_best(
        model, path, data, data.take(2), steps=4, epochs=9, callbacks=[stop], verbose=0
    )
    assert len(history["val_loss"]) == 2
    assert "Stopped. The best state so far is in" in capsys.readouterr().out
    again = keras.models.load_model(path)
    loss, _ = again.evaluate(data.take(2), verbose=0)
    assert loss == pytest.approx(min(history["val_loss"]), rel=1e-3)
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_stopping_in_the_first_epoch_keeps_what_there_is(definitions, tmp_path):
    data = _brightness(definitions)
    path = tmp_path / "best.keras"
    history = definitions.fit_and_keep_the_best(
        _compiled(definitions),
        path,
        data,
        data.take(2),
        steps=4,
        epochs=9,
        callbacks=[_StopIn(0)],
        verbose=0,
    )
    assert not history
    assert keras.models.load_model(path).output_shape == (None, 16, 16, 2)


def _cut(path: Path, then):
    def damage_first(batch, logs=None):
        path.write_bytes(path.read_bytes()[:100]) if path.exists() else None
        then(batch, logs)

    return damage_first


def _compiled(definitions):
    model = definitions.unet((16, 16, 1), 2, widths=(4, 8))
    definitions.compile_for(model, keras.losses.SparseCategoricalCrossentropy, 40)
    return model


def _brightness(definitions):
    """Bright pixels are class 2, the same four squares for ever."""
    pictures = np.random.default_rng(3).random((4, 16, 16, 1), np.float32)
    masks = 1 + (pictures[..., 0] > 0.5).astype(np.int32)
    batch = tf.data.Dataset.from_tensors((pictures, masks))
    return batch.map(definitions.which_class).repeat()


def test_the_notebook_is_the_lesson_with_outputs():
    script = jupytext.read(LESSON)
    notebook = nbformat.read(LESSON.with_suffix(".ipynb"), as_version=4)
    assert [c.source for c in notebook.cells] == [c.source for c in script.cells]
    assert all(c.get("execution_count", 1) for c in notebook.cells)
    assert not [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def test_the_page_says_what_the_lesson_says():
    page = PAGE.read_text(encoding="utf-8")
    for cell in jupytext.read(LESSON).cells:
        assert cell.source.replace("](../docs/", "](") in page


def test_every_picture_of_the_page_is_there_small_and_described():
    page = PAGE.read_text(encoding="utf-8")
    pictures = re.findall(r"!\[(.+)\]\((images/tutorial/.+)\)", page)
    assert len(pictures) == 8
    for description, name in pictures:
        assert len(description) > 10
        assert os.path.getsize(PAGE.parent / name) < 200_000
    assert len({name for _, name in pictures}) == len(
        list((PAGE.parent / "images" / "tutorial").iterdir())
    )
