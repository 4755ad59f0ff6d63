"""The real engine process is killed while it learns."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_garage_unet.session import close_session, get_session
from napari_garage_unet.session.connection.state import Engine
from napari_garage_unet.session.training.live_model import Phase


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_engine_costs_neither_strokes_nor_what_was_learnt(halves):
    viewer = ViewerModel()
    session = get_session(viewer)

    def run(is_so, seconds=120.0):
        end = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < end, (session.hint, session.link.state)
            session.poll()
            time.sleep(0.01)

    try:
        viewer.add_image(halves.repeat(2, 0).repeat(2, 1), name="halves")
        layer = session.strokes_layer()
        layer.data[10:16, 5:50], layer.data[10:16, 65:110] = 1, 2
        strokes = layer.data.copy()
        assert session.learn()
        run(lambda: session.live.step >= 10)
        run(lambda: session.job.can_resume and os.path.exists(session.job.checkpoint))
        os.kill(session.link.client.pid, signal.SIGKILL)
        run(lambda: session.problem is not None)
        assert session.problem.can_restart
        assert "strokes are safe" in session.hint
        assert session.link.state is Engine.DEAD
        assert not session.live.is_running
        session.restart()
        run(lambda: session.live.phase is Phase.LEARNING)
        assert session.problem is None
        run(lambda: session.preview.shown > 0)
        result = session.results.preview_of(session.images.current)
        session.stop()
        run(lambda: not session.live.is_running)
        run(lambda: result.state_of(()) >= (session.live.generation, 0))
        assert np.mean(result.layer.data[:, :60] == 1) > 0.9
        assert np.mean(result.layer.data[:, 60:] == 2) > 0.9
        assert np.array_equal(layer.data, strokes)
    finally:
        close_session(viewer)
