"""The versions of the live model: a row of small pictures to click."""

from __future__ import annotations

import base64
import html
import time

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon, QPixmap
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QWidget,
)

from napari_garage_unet.project.description import SavedVersion
from napari_garage_unet.session import Session

PICTURE_SIZE = QSize(46, 34)
"""Width and height in pixels of a picture in the row."""

NOT_CHECKED = "\u2013"
"""Shown in place of an accuracy where too few strokes were held out."""


class VersionStrip(QWidget):
    """A button per version, the oldest on the left; a star marks the live model.

    Parameters
    ----------
    session
        Session whose versions are shown; `refresh` shows the current ones.

    Attributes
    ----------
    buttons
        One per version, in the order of the versions.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: list[tuple[SavedVersion, bool, bool]] = []
        self.buttons: list[QToolButton] = []
        self.title = QLabel("Versions")
        self.title.setToolTip(
            "Each time learning rests, what it knows is kept. Click a version to go "
            "back to it; later ones stay, and strokes are never touched. The newest "
            "50 are kept, and always the best one on held-out strokes."
        )
        content = QWidget()
        self._row = QHBoxLayout(content)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self._row.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(content)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        bar = self._scroll.horizontalScrollBar()
        assert bar is not None
        self._bar = bar
        # Scroll to the newest, once the row has been laid out with it.
        bar.rangeChanged.connect(lambda low, high: bar.setValue(high))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.title)
        layout.addWidget(self._scroll, 1)
        self.refresh()

    def refresh(self) -> None:
        """Show the current versions of the session."""
        versions = self._session.versions
        now = [
            (v, v.id == versions.current, v.id in versions.pictures) for v in versions
        ]
        self.setVisible(bool(now))
        if now == self._shown:
            return
        self._shown = now
        # Buttons are reused, so that the focus stays where it is.
        while len(self.buttons) > len(now):
            button = self.buttons.pop()
            self._row.removeWidget(button)
            button.deleteLater()
        while len(self.buttons) < len(now):
            self.buttons.append(self._make_button(len(self.buttons)))
        for button, (version, is_current, _) in zip(self.buttons, now, strict=True):
            self._show(button, version, is_current=is_current)
        height = max((b.sizeHint().height() for b in self.buttons), default=0)
        self._scroll.setFixedHeight(height + self._bar.sizeHint().height() + 2)

    def _make_button(self, place: int) -> QToolButton:
        button = QToolButton()
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(PICTURE_SIZE)
        button.setAutoRaise(True)
        button.setCheckable(True)
        button.clicked.connect(lambda: self._on_clicked(place))
        self._row.insertWidget(place, button)
        return button

    def _show(
        self, button: QToolButton, version: SavedVersion, *, is_current: bool
    ) -> None:
        picture = self._session.versions.pictures.get(version.id)
        pixmap = QPixmap(PICTURE_SIZE)
        pixmap.fill(Qt.GlobalColor.transparent)
        if picture is not None:
            pixmap.loadFromData(picture)
        button.setIcon(QIcon(pixmap))
        star = "\u2605 " if is_current else ""
        button.setText(f"{star}{_figure(version)}")
        button.setChecked(is_current)
        button.setToolTip(_tooltip(version, picture, is_current=is_current))
        button.setAccessibleName(f"Version {version.number}")

    def _on_clicked(self, place: int) -> None:
        version, is_current, _ = self._shown[place]
        # Qt has toggled the button; it shows the live model, which has not changed yet.
        self.buttons[place].setChecked(is_current)
        if not is_current:
            self._session.restore_version(version)


def _figure(version: SavedVersion) -> str:
    return NOT_CHECKED if version.accuracy is None else f"{version.accuracy:.0%}"


def _tooltip(version: SavedVersion, picture: bytes | None, *, is_current: bool) -> str:
    then = time.localtime(version.time)
    is_today = then[:3] == time.localtime()[:3]
    when = time.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M", then)
    figure = (
        "not validated (too few strokes to hold some out, or saved before a check)"
        if version.accuracy is None
        else f"{version.accuracy:.1%} of held-out strokes right"
    )
    lines = [
        f"<b>Version {version.number}</b>, {html.escape(when)}",
        f"{version.steps} steps in {version.seconds:.0f} s",
        figure,
        "This is the live model."
        if is_current
        else "Click to go back to it; later versions are kept.",
    ]
    image = ""
    if picture is not None:
        data = base64.b64encode(picture).decode()
        image = f'<img src="data:image/png;base64,{data}"><br>'
    return f"<qt>{image}{'<br>'.join(lines)}</qt>"
