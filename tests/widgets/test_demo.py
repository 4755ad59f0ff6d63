"""The tour of `make demo`, with an engine that needs no TensorFlow."""

from __future__ import annotations

import json

import imageio.v3 as iio
import tifffile

from napari_garage_unet.demo import Tour


def test_the_tour_learns_segments_and_writes_its_results(
    viewer, session, engine, wait, tmp_path
):
    tour = Tour(viewer, tmp_path, seconds=0.1, leave=False)
    tour.start()
    wait(lambda: session.live.is_running or tour.error is not None, seconds=60)
    wait(lambda: session.preview.shown > 0 or tour.error is not None, seconds=60)
    engine.finish()
    screenshot = tmp_path / "screenshot.png"
    wait(lambda: screenshot.exists() or tour.error is not None, seconds=60)

    assert tour.error is None
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["steps"] == engine.step > 0
    assert report["seconds_trained"] > 0
    assert 0 <= report["left"]["accuracy"] <= 1
    assert (tmp_path / "model.garage").exists()
    labels = tifffile.imread(tmp_path / "segmentation.tif")
    assert labels.shape == (500, 741)
    assert iio.imread(screenshot).shape[2] in (3, 4)


def test_a_tour_that_fails_ends_with_its_error(viewer, session, engine, wait, tmp_path):
    engine.refuses_training = "There is no room."
    tour = Tour(viewer, tmp_path, seconds=0.1, leave=False)
    tour.start()
    wait(lambda: tour.error is not None, seconds=60)
    assert "no room" in str(tour.error)
