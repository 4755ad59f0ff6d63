"""The base class of the docks, and pieces they are built of."""

from __future__ import annotations

from typing import Any, TypeVar

from qtpy.QtCore import QEvent, Qt, QTimer, Signal
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_garage_unet.session import get_session

from .polling import poll_timer_for

DOCK_WIDTH_PIXELS = 320
"""Width the docks are laid out for."""

MAIN_BUTTON_HEIGHT_PIXELS = 34

W = TypeVar("W", bound=QWidget)


class Dock(QWidget):
    """A column of widgets that follows a session and scrolls where the window is low.

    Subclasses add widgets to `column`, and to `footer` those that stay in sight however
    long the column is. They connect to signals of the session with `follow`, so that
    nothing is called after Qt has deleted the dock.

    Parameters
    ----------
    napari_viewer
        The viewer, or a proxy of it.

    Attributes
    ----------
    viewer
        The viewer itself.
    session
        Its session.
    column, footer
        Layouts of the scrolling part and of the part below it.
    seen
        Emitted with `is_seen` when the dock comes into sight or goes out of it, which
        includes going behind another tab.
    is_seen
        Whether the dock is in sight.
    min_width
        Smallest width in pixels that the dock can be given.
    """

    seen = Signal(bool)
    min_width = DOCK_WIDTH_PIXELS - 20

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.session = get_session(self.viewer)
        self._poll_timer = poll_timer_for(self.session, self.viewer)
        self.is_seen = False
        self._outer: QDockWidget | None = None
        self._followed: list[tuple[Any, Any]] = []
        followed = self._followed
        self.destroyed.connect(lambda: _disconnect(followed))

        content = QWidget()
        self.column = QVBoxLayout(content)
        self.column.setContentsMargins(8, 6, 8, 8)
        self.column.setSpacing(6)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll, 1)
        self.footer = QVBoxLayout()
        self.footer.setContentsMargins(8, 0, 8, 8)
        self.footer.setSpacing(6)
        outer.addLayout(self.footer)
        self.setMinimumWidth(self.min_width)
        # Not in the constructor: napari is still putting the dock into its window,
        # and starting a process there would delay the first picture of it.
        QTimer.singleShot(0, self.session.warm_up)

    def add_row(self, title: str, *widgets: QWidget) -> None:
        """Add a row to the column.

        Parameters
        ----------
        title
            Text of its label, which gets the tooltip of the first widget.
        *widgets
            At least one; the first takes the width that is left.
        """
        row = QHBoxLayout()
        label = QLabel(title)
        label.setToolTip(widgets[0].toolTip())
        label.setBuddy(widgets[0])
        row.addWidget(label)
        for number, widget in enumerate(widgets):
            row.addWidget(widget, int(not number))
        self.column.addLayout(row)

    def follow(self, signal: Any, slot: Any) -> None:
        """Connect a psygnal signal to a slot until the dock is deleted."""
        signal.connect(slot)
        self._followed.append((signal, slot))

    def showEvent(self, event: QShowEvent | None) -> None:
        """Watch the window the dock is shown in."""
        super().showEvent(event)
        self._poll_timer.watch(self)
        self._watch_tab()
        self._set_seen(True)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Report that the dock is out of sight."""
        super().hideEvent(event)
        self._set_seen(False)

    def changeEvent(self, event: QEvent | None) -> None:
        """Redraw when the theme changes."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.StyleChange:
            self.update()

    def _watch_tab(self) -> None:
        # Qt moves a dock behind a tab out of the window but leaves it visible.
        outer = _outer_dock(self)
        if outer is not None and outer is not self._outer:
            self._outer = outer
            outer.visibilityChanged.connect(self._set_seen)

    def _set_seen(self, is_seen: bool) -> None:
        if is_seen != self.is_seen:
            self.is_seen = is_seen
            self.seen.emit(is_seen)


def shrinkable(widget: W) -> W:
    """Let a widget become narrower than its longest entry; names may be long."""
    widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return widget


def main_button(text: str) -> QPushButton:
    """Make the one button that starts what a dock is for."""
    button = QPushButton(text)
    button.setMinimumHeight(MAIN_BUTTON_HEIGHT_PIXELS)
    font = button.font()
    font.setBold(True)
    button.setFont(font)
    return button


def _outer_dock(widget: QWidget) -> QDockWidget | None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def _disconnect(followed: list[tuple[Any, Any]]) -> None:
    for signal, slot in followed:
        signal.disconnect(slot, missing_ok=True)
    followed.clear()
