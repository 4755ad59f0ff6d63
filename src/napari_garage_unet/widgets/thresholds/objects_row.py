"""Buttons to find the objects of a result and to show their table."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_garage_unet.session import Session


class ObjectsRow(QWidget):
    """Two buttons.

    Parameters
    ----------
    session
        Session whose objects are found; `refresh` shows how far that is.

    Attributes
    ----------
    find_button
        Its owner finds the objects of the result it shows.
    table_button
        Opens the Objects dock.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.find_button = QPushButton("Find objects")
        self.find_button.setToolTip(
            "Make a layer with an id for each object of every class, and measure them."
        )
        self.table_button = QPushButton("Table")
        self.table_button.setToolTip("Show what was measured; click a row to find it.")
        self.table_button.clicked.connect(self._on_table)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.find_button, 1)
        layout.addWidget(self.table_button)

    def refresh(self, *, can_find: bool) -> None:
        """Show whether objects are being found, and whether there are any.

        Parameters
        ----------
        can_find
            Whether there is a result to find objects in.
        """
        objects = self._session.objects
        self.find_button.setEnabled(can_find and not objects.is_busy)
        self.find_button.setText(
            "Finding objects…" if objects.is_busy else "Find objects"
        )
        self.table_button.setEnabled(objects.newest is not None)

    def _on_table(self) -> None:
        self._session.viewer.window.add_plugin_dock_widget(
            "napari-garage-unet", "Objects", tabify=True
        )
