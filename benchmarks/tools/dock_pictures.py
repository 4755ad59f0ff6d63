"""Pictures of the Train dock in every state, to be looked at.

    scripts/with-display.sh --virtual .venv/bin/python benchmarks/tools/dock_pictures.py

writes a picture of the window for each state, in the dark and the light theme, with
the dock at its usual and at its least width, into `benchmarks/tools/pictures`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget

from benchmarks.live.studio import PLUGIN, Studio
from napari_garage_unet import samples
from napari_garage_unet.project.folders import PROJECTS_VARIABLE
from napari_garage_unet.session.connection.state import Engine
from napari_garage_unet.session.training.live_model import Phase
from napari_garage_unet.widgets.common.dock import DOCK_WIDTH_PIXELS
from napari_garage_unet.widgets.train.train import MIN_DOCK_WIDTH_PIXELS

FOLDER = Path(__file__).parent / "pictures"
WINDOW_PIXELS = (1280, 800)
THEMES = ("dark", "light")
WIDTHS = {"wide": DOCK_WIDTH_PIXELS, "narrow": MIN_DOCK_WIDTH_PIXELS}


class Album:
    """Take pictures of a window with the Train dock.

    Parameters
    ----------
    studio
        The window, whose session is used as by a person.
    folder
        Folder of the pictures.
    """

    def __init__(self, studio: Studio, folder: Path) -> None:
        self.studio, self.folder = studio, folder
        self.window = studio.viewer.window
        self.dock: QDockWidget | None = None

    def open_dock(self) -> None:
        """Open the Train dock; the engine begins to start."""
        self.dock, _ = self.window.add_plugin_dock_widget(PLUGIN, "Train U-Net")

    def take(self, name: str) -> None:
        """Write a picture for each theme and width."""
        assert self.dock is not None
        for width_name, width in WIDTHS.items():
            self.window.resize(*WINDOW_PIXELS)
            main = self.dock.parentWidget()
            main.resizeDocks([self.dock], [width], Qt.Orientation.Horizontal)
            for theme in THEMES:
                self.studio.viewer.theme = theme
                self.studio.person.live(0.6)
                path = self.folder / f"{name}-{width_name}-{theme}.png"
                self.window.screenshot(str(path), canvas_only=False, flash=False)
                sys.stdout.write(f"{path.name}: dock {self.dock.width()} px\n")

    def take_all(self) -> None:
        """Go through the states and take pictures of each."""
        studio = self.studio
        studio.person.live(0.5)
        self.open_dock()
        self.take("01-nothing-open")
        studio.viewer.open_sample(PLUGIN, "garage")
        session = studio.session
        studio.wait(lambda: session.link.state is Engine.READY)
        self.take("02-idle")
        session.learns_by_itself = True
        session.auto_training.settings_changed.emit()
        session.learn()
        studio.wait(lambda: session.preview.shown > 2)
        self.take("03-learning")
        studio.wait(lambda: not session.live.is_running)
        studio.wait(lambda: len(session.versions) > 0)
        self.take("04-resting")
        for _ in range(2):
            session.learn()
            studio.wait(lambda: session.live.phase is Phase.LEARNING)
            studio.person.live(3.0)
            session.stop()
            studio.wait(lambda: not session.live.is_running)
            studio.person.live(1.0)
        session.show_uncertainty(True)
        self.take("05-stopped-with-uncertainty")
        session.show_uncertainty(False)
        session.learn()
        studio.wait(lambda: session.live.phase is Phase.LEARNING)
        os.kill(session.link.client.pid, signal.SIGKILL)
        studio.wait(lambda: session.problem is not None)
        self.take("06-error")
        session.restart()
        studio.wait(lambda: session.live.phase is Phase.LEARNING)
        self.take("07-restarted")


def main(arguments: Sequence[str] | None = None) -> int:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as projects:
        os.environ[PROJECTS_VARIABLE] = projects
        studio = Studio()
        Album(studio, options.out).take_all()
        studio.close()
        # What the first window has painted is offered in the second.
        studio = Studio()
        album = Album(studio, options.out)
        album.open_dock()
        studio.viewer.add_image(samples.garage().left, name="garage photograph")
        session = studio.session
        studio.wait(lambda: session.recovery.recoverable is not None)
        album.take("08-restore-offered")
        session.restore_project()
        studio.wait(lambda: session.results.preview_of(session.images.current))
        album.take("09-restored")
        studio.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
