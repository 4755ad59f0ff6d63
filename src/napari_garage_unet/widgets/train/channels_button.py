"""A menu that makes other layers channels of the image."""

from __future__ import annotations

from napari.layers import Image as ImageLayer
from qtpy.QtWidgets import QMenu, QToolButton

from napari_garage_unet.engine.errors import GarageError, InputError
from napari_garage_unet.layers.images import spatial_shape
from napari_garage_unet.layers.matching import is_result
from napari_garage_unet.session import Session


class ChannelsButton(QToolButton):
    """A menu with a tick for each layer that can be a channel of the image.

    Parameters
    ----------
    session
        Session whose current image gets or loses channels.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setText("+")
        self.setFixedWidth(36)
        self.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self.setMenu(self._menu)
        self._menu.aboutToShow.connect(self._fill)
        self.refresh()

    def refresh(self) -> None:
        """Enable the button where another layer could be a channel."""
        others = self._candidates()
        self.setEnabled(bool(others))
        self.setToolTip(
            "Add other layers of the same shape as channels of this image."
            if others
            else "Other layers of the same shape could be added as channels."
        )

    def _candidates(self) -> list[ImageLayer]:
        current = self._session.images.current
        if current is None:
            return []
        found = []
        for layer in self._session.viewer.layers:
            if not isinstance(layer, ImageLayer) or is_result(layer):
                continue
            if layer is current.layer:
                continue
            try:
                fits = spatial_shape(layer) == current.spatial_shape
            except InputError:
                continue
            if fits:
                found.append(layer)
        return found

    def _fill(self) -> None:
        self._menu.clear()
        current = self._session.images.current
        if current is None:
            return
        for layer in self._candidates():
            action = self._menu.addAction(layer.name)
            action.setCheckable(True)
            action.setChecked(layer in current.layers)
            action.toggled.connect(
                lambda checked, layer=layer: self._on_toggled(layer, checked)
            )

    def _on_toggled(self, layer: ImageLayer, checked: bool) -> None:
        current = self._session.images.current
        if current is None:
            return
        layers = [other for other in current.layers if other is not layer]
        if checked:
            layers.append(layer)
        try:
            self._session.images.choose_channels(layers)
        except GarageError as error:
            self._session.report(error)
