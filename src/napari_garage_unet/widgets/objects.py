"""The dock with the table of objects; a row and its object are selected together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableView,
)

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.engine.objects.table_files import (
    SHOWN_DIGITS,
    plain_number,
    write_table,
)
from napari_garage_unet.engine.objects.table_units import (
    column_title,
    image_unit,
    rows_of_image,
)
from napari_garage_unet.layers.view import index_on_view, step_to
from napari_garage_unet.session.results.object_list import ObjectSet

from .common.dock import Dock

Table = Mapping[str, NDArray[Any]]

ROW_HEIGHT_PIXELS = 22
MIN_TABLE_HEIGHT_PIXELS = 160


class TableModel(QAbstractTableModel):
    """A read-only Qt model of a table, in which numbers are sorted as numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self._titles: list[str] = []
        self._columns: list[list[Any]] = []

    def show_table(self, table: Table, *, unit: str) -> None:
        """Show a table.

        Parameters
        ----------
        table
            Columns of equal length, by name.
        unit
            Unit of length, see `image_unit`; empty for titles without one.
        """
        self.beginResetModel()
        self._names = list(table)
        self._titles = [column_title(name, unit).replace("_", " ") for name in table]
        self._columns = [column.tolist() for column in table.values()]
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of objects."""
        return len(self._columns[0]) if self._columns else 0

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return len(self._columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a value: rounded for display, as it is for sorting (``UserRole``)."""
        if not index.isValid():
            return None
        value = self._columns[index.column()][index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return value
        if role == Qt.ItemDataRole.DisplayRole:
            is_float = isinstance(value, float)
            return plain_number(value, SHOWN_DIGITS) if is_float else str(value)
        if role == Qt.ItemDataRole.TextAlignmentRole and not isinstance(value, str):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return the title of a column, with its unit."""
        is_title = orientation == Qt.Orientation.Horizontal
        if is_title and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        return None

    def column(self, name: str) -> list[Any]:
        """Return a column in the order of the table; empty if there is none."""
        return self._columns[self._names.index(name)] if name in self._names else []


class ObjectsWidget(Dock):
    """The objects that were found last, their sizes, and totals of the classes.

    Parameters
    ----------
    napari_viewer
        The viewer, or a proxy of it.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.setObjectName("garage-objects")
        self._set: ObjectSet | None = None
        self.totals = QLabel()
        self.totals.setWordWrap(True)
        self.totals.setToolTip(
            "Share of the pixels and number of objects by class, in the planes "
            "that are segmented."
        )
        self.column.addWidget(self.totals)
        self.outdated = QLabel(
            "The image was moved or scaled since. Press Find objects in the Thresholds "
            "dock to measure again."
        )
        self.outdated.setWordWrap(True)
        self.column.addWidget(self.outdated)
        self.table = TableModel()
        self.sorted = QSortFilterProxyModel()
        self.sorted.setSourceModel(self.table)
        self.sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self.view = QTableView()
        self.view.setToolTip("Click a row to select its object, a title to sort by it.")
        self.view.setModel(self.sorted)
        self.view.setSortingEnabled(True)
        self.view.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.view.verticalHeader()
        assert header is not None
        header.hide()
        header.setDefaultSectionSize(ROW_HEIGHT_PIXELS)
        self.view.setMinimumHeight(MIN_TABLE_HEIGHT_PIXELS)
        chosen = self.view.selectionModel()
        assert chosen is not None
        chosen.currentRowChanged.connect(self._on_row)
        self.column.addWidget(self.view, 1)
        self.alone = QCheckBox("only the selected one")
        self.alone.setToolTip("Hide the other objects on the canvas.")
        self.alone.toggled.connect(self._on_alone)
        self.export_button = QPushButton("Export CSV…")
        self.export_button.setToolTip("Write the table to a file.")
        self.export_button.clicked.connect(self._on_export)
        row = QHBoxLayout()
        row.addWidget(self.alone, 1)
        row.addWidget(self.export_button)
        self.column.addLayout(row)
        self.follow(self.session.objects.changed, self._show_objects)
        self.follow(self.session.objects.selected, self._on_selected_label)
        self.follow(self.session.results.changed, self._show_outdated)
        self._show_objects()

    def export(self, path: str | Path) -> None:
        """Write the table as CSV; an error becomes the problem of the session."""
        if self._set is None:
            return
        image = self._set.image
        try:
            write_table(rows_of_image(self._set.table, image, name=image.name), path)
        except GarageError as error:
            self.session.report(error)

    def _show_objects(self) -> None:
        new = self.session.objects.newest
        self._set = new
        self._show_outdated()
        self.export_button.setEnabled(new is not None)
        self.alone.setEnabled(new is not None)
        if new is None:
            self.totals.setText("Press Find objects in the Thresholds dock.")
            self.table.show_table({}, unit="")
            return
        self.table.show_table(new.table, unit=image_unit(new.image))
        self.view.resizeColumnsToContents()
        names = {info.id: info.name for info in new.result.classes}
        shown = {info.id for info in new.result.classes if not info.background}
        totals = new.totals
        lines = []
        if new.n_planes < new.n_all_planes:
            lines.append(
                f"{new.n_planes} of {new.n_all_planes} planes are segmented; "
                "the others are not counted."
            )
        self.totals.setText(
            "\n".join(
                lines
                + [
                    f"{names[int(i)]}: {count} objects, {100 * share:.1f} % of "
                    "the pixels"
                    for i, share, count in zip(
                        totals["class"],
                        totals["fraction"],
                        totals["count"],
                        strict=True,
                    )
                    if int(i) in shown
                ]
            )
        )
        self._on_selected_label()

    def _show_outdated(self) -> None:
        self.outdated.setVisible(self._set is not None and self._set.is_outdated)

    def _on_row(self, current: QModelIndex, _before: QModelIndex) -> None:
        if self._set is None or not current.isValid():
            return
        row = self.sorted.mapToSource(current).row()
        label = int(self.table.column("label")[row])
        layer = self._set.layer
        if layer.selected_label != label:
            layer.selected_label = label
        self._step_to(label)

    def _step_to(self, label: int) -> None:
        """Move the slider to the plane with most of an object, unless it is on view."""
        assert self._set is not None
        layer = self._set.layer
        is_there = np.asarray(layer.data) == label
        here = index_on_view(self.viewer, layer)
        shown = tuple(i for i, at in enumerate(here) if isinstance(at, slice))
        if is_there[here].any() or len(shown) == is_there.ndim:
            return
        sizes = is_there.sum(axis=shown, keepdims=True)
        step_to(self.viewer, layer, np.unravel_index(sizes.argmax(), sizes.shape))

    def _on_selected_label(self) -> None:
        if self._set is None:
            return
        labels = self.table.column("label")
        label = self._set.layer.selected_label
        chosen = self.view.selectionModel()
        assert chosen is not None
        if label not in labels:
            chosen.clearSelection()
            return
        index = self.sorted.mapFromSource(self.table.index(labels.index(label), 0))
        if index.row() != self.view.currentIndex().row():
            flags = QItemSelectionModel.SelectionFlag
            chosen.setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.view.scrollTo(index)

    def _on_alone(self, alone: bool) -> None:
        if self._set is not None:
            self._set.layer.show_selected_label = alone

    def _on_export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Export table", "objects.csv", "CSV (*.csv)"
        )
        if path:
            self.export(path)
