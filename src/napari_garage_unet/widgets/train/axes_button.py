"""A menu that says what the axes of the image are, and takes a person's word."""

from __future__ import annotations

from qtpy.QtGui import QAction, QActionGroup
from qtpy.QtWidgets import QMenu, QPushButton

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.layers.axes import axes_of, describe_layer, possible_axes
from napari_garage_unet.session import Session


class AxesButton(QPushButton):
    """A menu of what the axes of the current image could be.

    It is hidden where its shape leaves no choice.

    Parameters
    ----------
    session
        Session of the viewer; `refresh` follows its current image.
    """

    def __init__(self, session: Session) -> None:
        super().__init__("Axes")
        self._session = session
        self.setStyleSheet("QPushButton::menu-indicator { image: none; width: 0; }")
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        self._menu.aboutToShow.connect(self._fill)
        self.refresh()

    def refresh(self) -> None:
        """Show the button where the axes could mean something else."""
        current = self._session.images.current
        choices = () if current is None else possible_axes(current.layer)
        self.setVisible(len(choices) > 1)
        self.setToolTip(
            "Say what each axis of the image is. Strokes that do not fit then stay in "
            "the viewer; choose back to go on with them."
        )

    def _fill(self) -> None:
        self._menu.clear()
        current = self._session.images.current
        if current is None:
            return
        layer = current.layer
        try:
            now, source = axes_of(layer)
        except InputError:
            now, source = "", None
        group = QActionGroup(self._menu)
        for letters in possible_axes(layer):
            text = describe_layer(layer, letters)
            if letters == now:
                text += f"   ({source})"
            action = QAction(text, self._menu)
            action.setCheckable(True)
            action.setChecked(letters == now)
            group.addAction(action)
            self._menu.addAction(action)
            action.triggered.connect(
                lambda _, letters=letters: self._session.choose_axes(letters)
            )
