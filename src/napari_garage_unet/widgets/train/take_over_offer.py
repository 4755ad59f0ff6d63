"""An offer to take over the paint of a layer that cannot be the strokes as it is."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton

from napari_garage_unet.layers.taking_over import can_take_over_by_index
from napari_garage_unet.session import Session
from napari_garage_unet.widgets.common.offer import Offer


class TakeOverOffer(Offer):
    """A question and its answers; hidden while no layer was refused.

    Parameters
    ----------
    session
        Session of the viewer; `refresh` shows its current offer.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.as_seen = QPushButton("As seen")
        self.as_seen.setToolTip(
            "Copy the paint into a new strokes layer, onto the pixels that it is seen "
            "on. The layer itself stays as it is."
        )
        self.as_seen.clicked.connect(self._on_as_seen)
        self.by_index = QPushButton("Pixel by pixel")
        self.by_index.setToolTip(
            "Copy the paint into a new strokes layer, each pixel onto that of the same "
            "row and column. Strokes of this image are put back onto it."
        )
        self.by_index.clicked.connect(self._on_by_index)
        self.decline = QPushButton("No")
        self.decline.setToolTip("Leave the layer as it is.")
        self.decline.clicked.connect(self._session.decline_strokes)
        self.add_buttons([self.as_seen, self.by_index], self.decline)
        self.refresh()

    def refresh(self) -> None:
        """Show the current offer, if there is one."""
        current = self._session.images.current
        refused = None if current is None else current.refused
        if current is not None and refused is not None:
            self.text.setText(f"Take over the paint of {refused.name!r}?")
            self.by_index.setVisible(can_take_over_by_index(refused, current.layer))
        self.setVisible(refused is not None)

    def _on_as_seen(self) -> None:
        self._session.take_over_strokes()

    def _on_by_index(self) -> None:
        self._session.take_over_strokes(by_index=True)
