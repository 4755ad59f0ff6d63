"""The presets of a model: a row to choose, save and delete one."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.session import Session
from napari_garage_unet.widgets.common.dock import shrinkable


class PresetRow(QWidget):
    """A list of names that can be typed into, and two buttons.

    Parameters
    ----------
    session
        Session whose tuner has the presets of each model.

    Attributes
    ----------
    used
        Emitted when the rules of the result have become those of a preset.
    """

    used = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._result: Result | None = None
        self.box = shrinkable(QComboBox())
        self.box.setEditable(True)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        # Completing would put the name of another preset in the place of a new one.
        self.box.setCompleter(None)
        self.box.setToolTip(
            "Values of all classes under a name, kept with the model.\n"
            "Choose one to use it, or type a name and press Save."
        )
        self.box.setAccessibleName("preset")
        edit = self.box.lineEdit()
        assert edit is not None
        edit.setPlaceholderText("name it")
        edit.returnPressed.connect(self._on_return)
        self.box.activated.connect(self._on_chosen)
        self.box.editTextChanged.connect(self._show_buttons)
        self.save_button = QPushButton("Save")
        self.save_button.setToolTip(
            "Keep the values of all classes under this name. Save the model to keep "
            "its presets in the file."
        )
        self.save_button.clicked.connect(self.save)
        self.delete_button = QPushButton("Delete")
        self.delete_button.setToolTip(
            "Forget the preset of this name; the values stay as they are."
        )
        self.delete_button.clicked.connect(self.delete)
        label = QLabel("Preset")
        label.setBuddy(self.box)
        label.setToolTip(self.box.toolTip())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label)
        layout.addWidget(self.box, 1)
        layout.addWidget(self.save_button)
        layout.addWidget(self.delete_button)
        self.refresh()

    def show_result(self, result: Result | None) -> None:
        """List the presets of the model that made a result."""
        if result is not self._result:
            self._result = result
            self.box.clearEditText()
        self.refresh()

    def refresh(self) -> None:
        """List the presets, and show the name of the one that is in use."""
        names, in_use = [], ""
        if self._result is not None:
            names = sorted(self._session.tuner.presets(self._result), key=str.casefold)
            in_use = self._session.tuner.preset_in_use(self._result)
        text = self.box.currentText()
        if [self.box.itemText(i) for i in range(self.box.count())] != names:
            self.box.blockSignals(True)
            self.box.clear()
            self.box.addItems(names)
            self.box.setCurrentIndex(-1)
            self.box.setEditText(text)
            self.box.blockSignals(False)
        if in_use and text.strip() != in_use:
            self.box.blockSignals(True)
            self.box.setEditText(in_use)
            self.box.blockSignals(False)
        self._show_buttons()

    def save(self) -> None:
        """Save the rules under the name that is shown."""
        if self._result is None:
            return
        self._session.clear_problem()
        try:
            self._session.tuner.save_preset(self._result, self.box.currentText())
        except InputError as error:
            self._session.report(error)

    def delete(self) -> None:
        """Delete the preset of the name that is shown."""
        if self._result is not None:
            name = self.box.currentText().strip()
            self.box.clearEditText()
            self._session.tuner.delete_preset(self._result, name)

    def _on_chosen(self, _place: int) -> None:
        self._use(self.box.currentText().strip())

    def _on_return(self) -> None:
        name = self.box.currentText().strip()
        if self._result is None or not name:
            return
        if name in self._session.tuner.presets(self._result):
            self._use(name)
        else:
            self.save()

    def _use(self, name: str) -> None:
        if self._result is None or name not in self._session.tuner.presets(
            self._result
        ):
            return
        if self._session.tuner.preset_in_use(self._result) != name:
            self._session.tuner.use_preset(self._result, name)
            self.used.emit()

    def _show_buttons(self) -> None:
        name = self.box.currentText().strip()
        tuner, result = self._session.tuner, self._result
        is_known = result is not None and name in tuner.presets(result)
        is_in_use = result is not None and name == tuner.preset_in_use(result)
        self.save_button.setEnabled(bool(name) and not is_in_use)
        self.delete_button.setEnabled(is_known)
