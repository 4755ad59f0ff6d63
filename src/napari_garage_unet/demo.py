"""`make demo`: training and segmentation in napari, on the photograph of a garage.

Opens the photograph with example strokes and the three docks, learns while the preview
follows, segments, and writes the results. The window stays open, except in unattended
demos.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__, samples
from .engine.errors import EngineError, GarageError
from .engine.evaluation.scores import score
from .engine.files.reports import make_folder, write_report
from .engine.files.writing import write_segmentation
from .engine.images.image import Image
from .engine.learning.config import TrainingConfig
from .process.protocol.messages import LIVE
from .project.folders import PROJECTS_VARIABLE

if TYPE_CHECKING:
    from .session import Session

logger = logging.getLogger(__name__)

PLUGIN = "napari-garage-unet"
DOCKS = ("Train U-Net", "Segment", "Thresholds")

UNATTENDED_VARIABLE = "GARAGE_UNET_UNATTENDED"
"""Environment variable that makes the demo close its window when it is 1."""

WINDOW_PIXELS = (1600, 1000)
"""Width and height of the window."""

TICK_MILLISECONDS = 50
"""Time between two checks of the state of the session."""

MAX_UNATTENDED_SECONDS = 165.0
"""Time after which an unattended demo fails."""


class Tour:
    """The steps of the demo: presses the buttons of the docks without blocking.

    Parameters
    ----------
    viewer
        The napari viewer.
    folder
        Existing folder for the results.
    seconds
        Length of the training.
    leave
        Whether the window is closed at the end.

    Attributes
    ----------
    error
        The error that ended the demo, or None.
    """

    def __init__(
        self, viewer: Any, folder: Path, *, seconds: float, leave: bool
    ) -> None:
        from qtpy.QtCore import QTimer

        self._viewer = viewer
        self._folder = folder
        self._seconds = seconds
        self._leave = leave
        self._begin = time.monotonic()
        self._steps = self._tour()
        self._timer = QTimer()
        self._timer.setInterval(TICK_MILLISECONDS)
        self._timer.timeout.connect(self._advance)
        self.error: Exception | None = None

    def start(self) -> None:
        """Start as soon as Qt's event loop runs."""
        self._timer.start()

    def _advance(self) -> None:
        try:
            if self._leave and time.monotonic() - self._begin > MAX_UNATTENDED_SECONDS:
                raise EngineError(
                    f"The demo was not done after {MAX_UNATTENDED_SECONDS:.0f} s."
                )
            next(self._steps)
        except StopIteration:
            self._end()
        except Exception as error:  # An unattended demo has to end, whatever fails.
            if isinstance(error, GarageError):
                logger.error("%s", error)
            else:
                logger.exception("The demo has failed.")
            self.error = error
            self._end()

    def _end(self) -> None:
        self._timer.stop()
        if self._leave:
            self._viewer.close()

    def _tour(self) -> Iterator[None]:
        viewer, window = self._viewer, self._viewer.window
        viewer.open_sample(PLUGIN, "garage")
        docks = [
            window.add_plugin_dock_widget(PLUGIN, name, tabify=number > 0)
            for number, name in enumerate(DOCKS)
        ]
        train, segment, _ = (widget for _, widget in docks)
        session: Session = train.session
        sample = samples.garage()
        annotated = session.images.current
        assert annotated is not None
        photograph = annotated.layer
        # Until its layout is done, the window shows the tab that was added last.
        yield
        docks[0][0].raise_()

        session.settings = dataclasses.replace(
            session.settings, training=TrainingConfig(seconds=self._seconds)
        )
        logger.info("Learning for %.0f s, once the engine has started.", self._seconds)
        pressed = time.monotonic()
        train.learn_button.click()
        yield from self._wait(lambda: session.preview.shown > 0)
        first_preview = time.monotonic() - pressed
        logger.info("First preview after %.1f s.", first_preview)
        yield from self._wait(lambda: not session.live.is_running)
        self._check(session)
        learnt = session.live.origin
        assert learnt is not None
        logger.info("Learnt for %.1f s.", learnt.seconds)

        segment.segment_button.click()
        yield from self._wait(lambda: not session.segmentation.is_running)
        self._check(session)
        left = session.results.of_image(photograph)
        assert left is not None
        right_layer = viewer.add_image(
            sample.right, name="right photograph", rgb=True, visible=False
        )
        (right,) = session.segment(LIVE, [right_layer], segment.options())
        right.layer.visible = False
        yield from self._wait(lambda: not session.segmentation.is_running)
        self._check(session)
        # One overlay is easier to look at than two.
        preview = session.results.preview_of(annotated)
        assert preview is not None
        preview.layer.visible = False
        viewer.layers.selection.active = annotated.strokes

        saved: list[str] = []
        session.models.saved.connect(saved.append)
        session.save_model(LIVE, self._folder / "model.garage")
        yield from self._wait(lambda: bool(saved))
        write_segmentation(
            self._folder / "segmentation.tif",
            left.layer.data,
            like=Image(sample.left, "yxc", name="garage photograph"),
        )
        on_left = score(sample.mask_left, left.layer.data, strokes=sample.strokes)
        on_right = score(sample.mask_right, right.layer.data)
        write_report(
            self._folder / "report.json",
            {
                "left": dataclasses.asdict(on_left),
                "right": dataclasses.asdict(on_right),
                "painted_share": round(float((sample.strokes > 0).mean()), 5),
                "seconds_to_first_preview": round(first_preview, 2),
                "seconds_trained": round(learnt.seconds, 2),
                "steps": learnt.steps,
                "previews": session.preview.shown,
                "device": session.link.device,
                "versions": {
                    PLUGIN: __version__,
                    **_versions(),
                    **session.link.versions,
                },
            },
        )
        yield
        viewer.screenshot(
            self._folder / "screenshot.png", canvas_only=False, flash=False
        )
        logger.info(
            "Right on %.1f %% of the unpainted pixels (mean IoU %.2f), and on %.1f %% "
            "of the photograph it has never seen (mean IoU %.2f).",
            100 * on_left.accuracy,
            on_left.mean_iou,
            100 * on_right.accuracy,
            on_right.mean_iou,
        )
        logger.info("Written to %s.", self._folder)

    def _wait(self, is_done: Any) -> Iterator[None]:
        while not is_done():
            session = self._session()
            if session.problem is not None:
                raise EngineError(session.problem.message)
            yield

    def _check(self, session: Session) -> None:
        if session.problem is not None:
            raise EngineError(session.problem.message)

    def _session(self) -> Session:
        from .session import get_session

        return get_session(self._viewer)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo.

    Returns
    -------
    int
        0, or 1 when it could not be finished.
    """
    parser = argparse.ArgumentParser(
        prog="python -m napari_garage_unet.demo", description=__doc__
    )
    parser.add_argument("--out", type=Path, default=Path("demo"), metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to learn")
    parser.add_argument(
        "--exit", action="store_true", help="close the window when all is done"
    )
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logger.setLevel(logging.INFO)
    try:
        make_folder(given.out)
    except GarageError as error:
        logger.error("%s", error)
        return 1
    # The demo's strokes must not be offered for restoring in later sessions.
    os.environ.setdefault(PROJECTS_VARIABLE, str(given.out / "projects"))
    import napari

    viewer = napari.Viewer(show=True)
    viewer.window.resize(*WINDOW_PIXELS)
    leave = given.exit or os.environ.get(UNATTENDED_VARIABLE) == "1"
    tour = Tour(viewer, given.out, seconds=given.seconds, leave=leave)
    tour.start()
    napari.run()
    return 0 if tour.error is None else 1


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("napari", "numpy", "scikit-image")
    return {"python": sys.version.split()[0], **{name: version(name) for name in names}}


if __name__ == "__main__":
    # As the module `__main__` it has another logger than the one that shows messages.
    logger = logging.getLogger("napari_garage_unet.demo")
    sys.exit(main())
