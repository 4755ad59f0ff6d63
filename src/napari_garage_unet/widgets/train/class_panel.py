"""The list of classes."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_garage_unet.session import Session

from .class_row import ROW_HEIGHT_PIXELS, ClassRow

MAX_VISIBLE_ROWS = 9
"""Rows that are seen without scrolling the list."""


class ClassPanel(QWidget):
    """A row per class, a button that adds one, and one that brings one back.

    Parameters
    ----------
    session
        Session whose classes are shown; the ``show_`` methods show what has changed.

    Attributes
    ----------
    below
        Layout of the button's row, with room beside the button.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows: dict[int, ClassRow] = {}
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._list.setAlignment(Qt.AlignmentFlag.AlignTop)
        content = QWidget()
        content.setLayout(self._list)
        self._list.setSizeConstraint(QVBoxLayout.SizeConstraint.SetMinimumSize)
        self._scroll = QScrollArea()
        self._scroll.setWidget(content)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setSizePolicy(
            QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed
        )
        self.add_button = QPushButton("+ class")
        self.add_button.setToolTip("Add a class and pick up its brush.")
        self.add_button.clicked.connect(self._on_add)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._scroll)
        self.below = QHBoxLayout()
        self.below.addWidget(self.add_button)
        layout.addLayout(self.below)
        self.removed = QElidingLabel()
        self.undo_button = QPushButton("Undo")
        self.undo_button.setToolTip("Bring back the class that was removed last.")
        self.undo_button.clicked.connect(self._on_undo)
        self._undo_row = QWidget()
        undo = QHBoxLayout(self._undo_row)
        undo.setContentsMargins(0, 0, 0, 0)
        undo.addWidget(self.removed, 1)
        undo.addWidget(self.undo_button)
        layout.addWidget(self._undo_row)
        self.show_classes()

    @property
    def rows(self) -> tuple[ClassRow, ...]:
        """The rows, in the order of their ids."""
        return tuple(self._rows[i] for i in sorted(self._rows))

    def show_classes(self) -> None:
        """Show the current classes of the session."""
        classes = tuple(self._session.classes)
        for class_id in set(self._rows) - {info.id for info in classes}:
            former = self._rows.pop(class_id)
            self._list.removeWidget(former)
            former.hide()
            former.deleteLater()
        for place, info in enumerate(classes):
            if info.id not in self._rows:
                self._list.insertWidget(place, self._make_row(info.id))
            self._rows[info.id].show_class(info)
        height = ROW_HEIGHT_PIXELS * min(max(len(classes), 1), MAX_VISIBLE_ROWS)
        self._scroll.setFixedHeight(height + 2)
        self.show_counts()
        self.show_selected()
        self.show_removed()

    def show_removed(self) -> None:
        """Offer to bring back the class that was removed last."""
        last = self._session.removals.last
        self._undo_row.setVisible(last is not None)
        if last is None:
            return
        strokes = f" and {last.n_pixels:,} px of strokes".replace(",", "\u202f")
        text = f"{last.info.name} removed"
        self.removed.setText(text)
        self.removed.setToolTip(text + (strokes if last.n_pixels else ""))
        self.undo_button.setToolTip(
            f"Bring back {last.info.name}{strokes if last.n_pixels else ''}."
        )

    def show_counts(self) -> None:
        """Show how many pixels of each class are painted."""
        counts = self._session.counts
        for class_id, row in self._rows.items():
            row.show_count(counts.get(class_id, 0))

    def show_selected(self) -> None:
        """Show which class the brush paints."""
        current = self._session.images.current
        layer = current.strokes if current else None
        selected = int(layer.selected_label) if layer is not None else None
        for class_id, row in self._rows.items():
            row.show_selected(class_id == selected)

    def _make_row(self, class_id: int) -> ClassRow:
        row = ClassRow(self._session.classes[class_id])
        row.picked.connect(self._on_picked)
        row.renamed.connect(self._on_renamed)
        row.background_toggled.connect(self._on_background)
        row.recolored.connect(self._session.recolor_class)
        row.removed.connect(self._session.remove_class)
        self._rows[class_id] = row
        return row

    def _on_picked(self, class_id: int) -> None:
        self._session.paint(class_id)
        self.show_selected()

    def _on_renamed(self, class_id: int, name: str) -> None:
        self._session.rename_class(class_id, name)

    def _on_background(self, class_id: int, checked: bool) -> None:
        self._session.classes.set_background(class_id if checked else None)

    def _on_undo(self) -> None:
        self._session.undo_removal()

    def _on_add(self) -> None:
        class_id = self._session.add_class()
        if class_id is None:
            return
        self._on_picked(class_id)
        bar = self._scroll.verticalScrollBar()
        assert bar is not None
        bar.setValue(bar.maximum())
        self._rows[class_id].edit_name()
