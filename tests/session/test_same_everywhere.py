"""The docks' session with the real engine process, the command line and Python agree.

The session runs without a window here, because the command line and Python load
TensorFlow into this process; what the docks show is what the session holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from skimage.measure import label

from napari_garage_unet import cli, load_model, train
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.samples import garage
from napari_garage_unet.session import Session, close_session, get_session
from napari_garage_unet.session.segmentation.segmentation_job import SegmentationOptions
from napari_garage_unet.session.training.settings import Settings

TRAINING = TrainingConfig(max_steps=60, seconds=3600.0)
PART = np.s_[150:310, 180:400]
"""Some of the photograph, so that this does not take long."""


def photograph() -> tuple[Any, Any]:
    """A part of the garage, and the longest stroke of each class in it.

    So few strokes leave none to hold out: which state is the best does not depend on
    how fast the machine is.
    """
    sample = garage()
    painted = sample.strokes[PART]
    strokes = np.zeros_like(painted)
    for i in np.unique(painted[painted > 0]):
        numbers = label(painted == i)
        longest = np.bincount(numbers.ravel())[1:].argmax() + 1
        strokes[numbers == longest] = i
    return np.ascontiguousarray(sample.left[PART]), strokes


@pytest.fixture(scope="module")
def photo() -> tuple[Any, Any]:
    return photograph()


@pytest.fixture(scope="module")
def of_python(photo: tuple[Any, Any]) -> Any:
    """The model that Python trains."""
    return train(*photo, training=TRAINING)


@pytest.fixture(scope="module")
def viewer(photo: tuple[Any, Any]) -> Iterator[ViewerModel]:
    viewer = ViewerModel()
    image, strokes = photo
    viewer.add_image(image, name="photo", rgb=True)
    viewer.add_labels(strokes, name="strokes")
    yield viewer
    close_session(viewer)


@pytest.fixture(scope="module")
def session(viewer: ViewerModel) -> Session:
    """A session that has learnt what is painted, as it does in the docks."""
    session = get_session(viewer)
    session.choose_strokes(viewer.layers["strokes"])
    session.settings = Settings(training=TRAINING)
    session.warm_up()
    until(session, lambda: session.link.is_running)
    assert session.learn(), session.problem
    until(session, lambda: not session.live.is_running and session.live.has_model)
    assert session.problem is None
    return session


def until(session: Session, is_so: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        session.poll()
        assert time.monotonic() < end, session.hint
        time.sleep(0.01)


def run(*arguments: object) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    assert ended.value.code == 0


def segment_in_docks(session: Session, model: str) -> Any:
    (result,) = session.segment(
        model, [session.images.current.layer], SegmentationOptions()
    )
    until(session, lambda: not session.segmentation.is_running)
    assert session.problem is None
    return np.asarray(result.layer.data)


def test_docks_command_line_and_python_segment_alike_with_one_model(
    session: Session, photo: tuple[Any, Any], tmp_path: Path
) -> None:
    image, strokes = photo
    saved = tmp_path / "docks.garage"
    session.save_model(LIVE, saved)
    until(session, saved.is_file)
    in_docks = segment_in_docks(session, LIVE)
    assert set(np.unique(strokes)) - {0} == set(np.unique(in_docks))

    np.testing.assert_array_equal(load_model(saved).segment(image), in_docks)
    iio.imwrite(tmp_path / "photo.png", image)
    tifffile.imwrite(tmp_path / "same.tif", image, photometric="rgb")
    run(
        *("segment", tmp_path / "photo.png", tmp_path / "same.tif"),
        *("--model", saved, "--out", tmp_path / "out"),
    )
    for name in ("photo_segmentation.tif", "same_segmentation.tif"):
        found = tifffile.imread(tmp_path / "out" / name)
        np.testing.assert_array_equal(found, in_docks)


def test_docks_command_line_and_python_learn_alike(
    session: Session,
    of_python: Any,
    photo: tuple[Any, Any],
    tmp_path: Path,
) -> None:
    image, strokes = photo
    iio.imwrite(tmp_path / "photo.png", image)
    tifffile.imwrite(tmp_path / "strokes.tif", strokes)
    run(
        *("train", "--image", tmp_path / "photo.png"),
        *("--strokes", tmp_path / "strokes.tif", "--model", tmp_path / "cli.garage"),
        *("--steps", TRAINING.max_steps, "--seconds", TRAINING.seconds),
    )
    expected = of_python.segment(image)
    of_command_line = load_model(tmp_path / "cli.garage").segment(image)
    in_docks = segment_in_docks(session, LIVE)
    # Sums in another order differ in the last bits; a pixel between two classes may
    # tip over.
    assert (of_command_line == expected).mean() > 0.999
    assert (in_docks == expected).mean() > 0.999


def test_a_model_of_python_segments_alike_in_the_docks(
    session: Session, of_python: Any, photo: tuple[Any, Any], tmp_path: Path
) -> None:
    path = tmp_path / "python.garage"
    of_python.save(path)
    entry = session.load_model(path)
    assert entry is not None
    np.testing.assert_array_equal(
        segment_in_docks(session, entry.key), of_python.segment(photo[0])
    )
