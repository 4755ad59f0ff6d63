"""The dock in which a person paints and a network learns."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QCloseEvent, QHideEvent, QKeyEvent, QShowEvent
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel
from superqt import QElidingLabel

from napari_garage_unet.session.connection.state import Engine
from napari_garage_unet.session.guidance.ui_state import can_learn, can_stop
from napari_garage_unet.widgets.common.dock import Dock, main_button
from napari_garage_unet.widgets.common.hint_line import HintLine

from .class_panel import ClassPanel
from .curve import Curve
from .guidance_row import GuidanceRow
from .image_panel import ImagePanel
from .keys import CLASS_KEYS, ERASER_KEY, ClassKeys
from .restore_offer import RestoreOffer
from .settings_fold import SettingsFold
from .take_over_offer import TakeOverOffer
from .version_strip import VersionStrip

ENGINE_WORDS = {
    Engine.OFF: "engine not started",
    Engine.STARTING: "engine starting",
    Engine.WARMING: "warming up",
    Engine.READY: "ready",
    Engine.DEAD: "engine stopped",
}

ABOUT_ENGINE = (
    "What computes. It warms up while you paint, in a process of its own, so the "
    "viewer never waits for it."
)

MIN_DOCK_WIDTH_PIXELS = 260
"""Width at which everything in the dock can still be read."""


class TrainWidget(Dock):
    """Pick an image, paint classes, press Learn.

    Parameters
    ----------
    napari_viewer
        The viewer, or a proxy of it.
    """

    min_width = MIN_DOCK_WIDTH_PIXELS

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.setObjectName("garage-train")
        self._keys = ClassKeys(self.session)
        self.images = ImagePanel(self.session)
        self.column.addWidget(self.images)
        self.classes = ClassPanel(self.session)
        self.column.addWidget(self.classes)
        self._build_status()
        self._build_learn()
        self.take_over = TakeOverOffer(self.session)
        self.column.addWidget(self.take_over)
        self.offer = RestoreOffer(self.session)
        self.column.addWidget(self.offer)
        self.hint = HintLine(self.session)
        self.column.addWidget(self.hint)
        self.guidance = GuidanceRow(self.session)
        self.column.addWidget(self.guidance)
        self.curve = Curve()
        self.column.addWidget(self.curve)
        self.figures = QLabel()
        self.figures.setWordWrap(True)
        self.column.addWidget(self.figures)
        self.versions = VersionStrip(self.session)
        self.column.addWidget(self.versions)
        self.more = SettingsFold(self.session)
        self.more.no_data.changed.connect(self.images.refresh)
        self.column.addWidget(self.more)
        self.column.addStretch(1)

        session = self.session
        self.follow(session.changed, self._on_changed)
        self.follow(session.problem_changed, self.hint.refresh)
        self.follow(session.counted, self.classes.show_counts)
        self.follow(session.removals.removed, self.classes.show_removed)
        self.follow(session.removals.restored, self.classes.show_removed)
        self.follow(session.brush_changed, self.classes.show_selected)
        self.follow(session.classes.changed, self.classes.show_classes)
        self.follow(session.images.changed, self._on_images)
        self.follow(session.job.progressed, self._on_progress)
        self.follow(session.versions.changed, self.versions.refresh)
        self.follow(session.guidance.changed, self.guidance.refresh)
        self.follow(session.results.changed, self.guidance.refresh)
        self.follow(session.recovery.changed, self.offer.refresh)
        self.follow(session.auto_training.settings_changed, self._on_settings_changed)
        self._on_images()
        self._on_changed()

    # -- what napari and Qt call --------------------------------------------------

    def reset_choices(self, event: Any = None) -> None:
        """Follow the layers; napari calls this when they change."""
        self.images.refresh()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Bind the number keys."""
        super().showEvent(event)
        self._keys.bind()

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Release the number keys."""
        self._keys.release()
        super().hideEvent(event)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Release the number keys."""
        self._keys.release()
        super().closeEvent(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Pick a class or the eraser by a number key while the dock has the focus."""
        text = event.text() if event is not None else ""
        if text and text in CLASS_KEYS and int(text) in self.session.classes:
            self.session.paint(int(text))
        elif text == ERASER_KEY:
            self.session.erase()
        else:
            super().keyPressEvent(event)

    # -- building -----------------------------------------------------------------

    def _build_status(self) -> None:
        self.status = QElidingLabel()
        self.status.setAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        self.classes.below.addWidget(self.status, 1)

    def _build_learn(self) -> None:
        self.learn_button = main_button("Learn")
        self.learn_button.clicked.connect(self._on_learn)
        self.by_itself = QCheckBox("while I paint")
        self.by_itself.setToolTip(
            "Start learning by itself as soon as two classes are painted, and again "
            "with every new stroke."
        )
        self.by_itself.setChecked(self.session.learns_by_itself)
        self.by_itself.toggled.connect(self._on_by_itself)
        row = QHBoxLayout()
        row.addWidget(self.learn_button, 1)
        row.addWidget(self.by_itself)
        self.column.addLayout(row)

    # -- what a person does -------------------------------------------------------

    def _on_learn(self) -> None:
        if self.session.live.is_running:
            self.session.stop()
        else:
            self.session.learn()

    def _on_by_itself(self, checked: bool) -> None:
        self.session.learns_by_itself = checked

    # -- what the session says ----------------------------------------------------

    def _on_settings_changed(self) -> None:
        self.more.show_settings()
        self.by_itself.blockSignals(True)
        self.by_itself.setChecked(self.session.learns_by_itself)
        self.by_itself.blockSignals(False)

    def _on_images(self) -> None:
        self.images.refresh()
        self.take_over.refresh()
        self.classes.show_classes()

    def _on_changed(self) -> None:
        session = self.session
        self._show_status()
        now = session.ui_state
        is_running = now.live.is_running
        self.learn_button.setText("Stop" if is_running else "Learn")
        self.learn_button.setEnabled(can_learn(now) or can_stop(now))
        self.learn_button.setToolTip(
            "Learn from your strokes; the preview follows. Hold H to look beneath it."
            if not is_running
            else "Stop learning and keep what was learnt."
        )
        self.more.refresh()
        self.hint.refresh()
        self.curve.show_history(session.job.history)
        self._show_figures()

    def _on_progress(self) -> None:
        self.curve.follow()
        self._show_figures()

    def _show_status(self) -> None:
        link = self.session.link
        words = ENGINE_WORDS[link.state]
        text = words[0].upper() + words[1:]
        if link.device and link.is_running:
            text += f" \u00b7 {link.device}"
        if text != self.status.text():
            self.status.setText(text)
            lines = (text, link.note, ABOUT_ENGINE)
            self.status.setToolTip("\n".join(filter(None, lines)))

    def _show_figures(self) -> None:
        history = self.session.job.history
        text = ""
        if history.accuracy:
            text = f"{history.accuracy[-1]:.0%} of held-out strokes right"
        elif history.loss:
            text = "Too few strokes to keep some aside and check."
        self.figures.setText(text)
        self.figures.setToolTip(
            f"{self.session.live.step} steps. A network that has not seen some of the "
            "strokes is asked about them: does what is learnt hold for unseen pixels?"
            if history.loss
            else ""
        )
