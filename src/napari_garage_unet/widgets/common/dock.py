"""What the docks have in common."""

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

WIDTH = 320
"""Width in pixels the docks are laid out for."""


W = TypeVar("W", bound=QWidget)


class Dock(QWidget):
    """A column that scrolls when the window is low, and follows the session.

    Subclasses put their widgets into `column`, what has to be at hand however long the
    column is into `footer`, and connect to the session with `follow`, so that nothing
    is called after Qt has deleted the dock.

    Parameters
    ----------
    napari_viewer
        The viewer, or a proxy of it.

    Attributes
    ----------
    seen
        The dock has come into sight or gone out of it, also behind another tab.
    is_seen
        Whether it is in sight.
    narrowest
        Width in pixels below which the dock cannot be drawn.
    """

    seen = Signal(bool)
    narrowest = WIDTH - 20

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.session = get_session(self.viewer)
        self._pump = poll_timer_for(self.session, self.viewer)
        self.is_seen = False
        self._outer: QDockWidget | None = None
        self._followed: list[tuple[Any, Any]] = []
        followed = self._followed
        self.destroyed.connect(lambda: _let_go(followed))

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
        self.setMinimumWidth(self.narrowest)
        # Not in the constructor: napari is still putting the dock into its window,
        # and starting a process there would delay the first picture of it.
        QTimer.singleShot(0, self.session.warm_up)

    def add_row(self, title: str, *widgets: QWidget) -> None:
        """Add a row: what it is about, then widgets of which the first grows."""
        row = QHBoxLayout()
        label = QLabel(title)
        label.setToolTip(widgets[0].toolTip())
        label.setBuddy(widgets[0])
        row.addWidget(label)
        for number, widget in enumerate(widgets):
            row.addWidget(widget, int(not number))
        self.column.addLayout(row)

    def content_width(self) -> int:
        """Return the width in pixels that the contents need at least."""
        return self.column.parentWidget().minimumSizeHint().width()

    def follow(self, signal: Any, slot: Any) -> None:
        """Connect to a signal of the session until the dock is gone."""
        signal.connect(slot)
        self._followed.append((signal, slot))

    def showEvent(self, event: QShowEvent | None) -> None:
        """Watch the window the dock is shown in."""
        super().showEvent(event)
        self._pump.watch(self)
        self._watch_tab()
        self._on_seen(True)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Tell that the dock is out of sight."""
        super().hideEvent(event)
        self._on_seen(False)

    def _watch_tab(self) -> None:
        # Qt moves a dock behind a tab out of the window but leaves it visible.
        outer = _outer_dock(self)
        if outer is not None and outer is not self._outer:
            self._outer = outer
            outer.visibilityChanged.connect(self._on_seen)

    def _on_seen(self, is_seen: bool) -> None:
        if is_seen != self.is_seen:
            self.is_seen = is_seen
            self.seen.emit(is_seen)

    def changeEvent(self, event: QEvent | None) -> None:
        """Draw again when the theme has changed."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.StyleChange:
            self.update()


def _outer_dock(widget: QWidget) -> QDockWidget | None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def shrinkable(widget: W) -> W:
    """Let a widget be narrower than its longest entry, so that names may be long."""
    widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return widget


def main_button(text: str) -> QPushButton:
    """Make the one button of a dock that starts what it is for."""
    button = QPushButton(text)
    button.setMinimumHeight(34)
    font = button.font()
    font.setBold(True)
    button.setFont(font)
    return button


def _let_go(followed: list[tuple[Any, Any]]) -> None:
    for signal, slot in followed:
        signal.disconnect(slot, missing_ok=True)
    followed.clear()
