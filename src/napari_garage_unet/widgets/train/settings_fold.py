"""The settings of learning, preprocessing and network; collapsed, as none is needed."""

from __future__ import annotations

import dataclasses
from typing import Any

from qtpy.QtWidgets import QLabel, QPushButton

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.preprocess import default_preprocess
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.session import Session
from napari_garage_unet.session.guidance.ui_state import can_start_over
from napari_garage_unet.widgets.common.fold import Fold
from napari_garage_unet.widgets.common.form import SettingsForm

from .no_data_panel import NoDataPanel

TRAINING_FIELDS = (
    "seconds",
    "seed",
    "crop",
    "batch",
    "learning_rate",
    "held_out",
    "augment",
)
"""Fields of `TrainingConfig` that are shown."""


class SettingsFold(Fold):
    """Three forms, what is no data, and a button to begin a new model.

    Parameters
    ----------
    session
        Session of the viewer; its settings are those of the forms.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(
            "More",
            tooltip="How to learn, and with which network. Nothing here has to be set.",
        )
        self._session = session
        settings = session.settings
        self.training_form = SettingsForm(
            settings.training, TRAINING_FIELDS, wraps=True
        )
        self.preprocess_form = SettingsForm(
            settings.preprocess or PreprocessConfig(), wraps=True
        )
        self.network_form = SettingsForm(
            settings.network or NetworkConfig(), wraps=True
        )
        self.fresh_button = QPushButton("Forget and start over")
        self.fresh_button.setToolTip(
            "Let the next Learn begin from nothing instead of going on from what was "
            "learnt. Strokes stay."
        )
        self.fresh_button.clicked.connect(session.start_over)
        self.no_data = NoDataPanel(session)
        for title, form in (
            ("Learning", self.training_form),
            ("Pixels without data", self.no_data),
            ("Preprocessing", self.preprocess_form),
            ("Network", self.network_form),
        ):
            heading = QLabel(title)
            font = heading.font()
            font.setBold(True)
            heading.setFont(font)
            self.column.addWidget(heading)
            self.column.addWidget(form)
        self.column.addWidget(self.fresh_button)
        self.training_form.changed.connect(
            lambda: self._change(training=self.training_form.value)
        )
        self.preprocess_form.changed.connect(
            lambda: self._change(preprocess=self.preprocess_form.value)
        )
        self.network_form.changed.connect(
            lambda: self._change(network=self.network_form.value)
        )

    @property
    def forms(self) -> tuple[SettingsForm, ...]:
        """The forms, from top to bottom."""
        return self.training_form, self.preprocess_form, self.network_form

    def refresh(self) -> None:
        """Enable starting over where that is possible; show what is no data."""
        self.no_data.refresh()
        self._show_preprocess()
        self.fresh_button.setEnabled(can_start_over(self._session.ui_state))

    def show_settings(self) -> None:
        """Show the settings of the session."""
        settings = self._session.settings
        self.training_form.show_value(settings.training)
        self._show_preprocess()
        self.network_form.show_value(settings.network or NetworkConfig())

    def _show_preprocess(self) -> None:
        """Show how pixels are prepared; unless said otherwise, as suits the image."""
        shown = self._session.settings.preprocess
        current = self._session.images.current
        if shown is None and current is not None:
            try:
                shown = default_preprocess(current.image())
            except InputError:
                shown = None  # the hint says what is wrong with the image
        shown = shown or PreprocessConfig()
        if shown != self.preprocess_form.value:
            self.preprocess_form.show_value(shown)

    def _change(self, **changes: Any) -> None:
        self._session.settings = dataclasses.replace(self._session.settings, **changes)
