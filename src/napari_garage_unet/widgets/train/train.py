"""The dock in which a person paints and a network learns."""

from __future__ import annotations

import dataclasses
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from qtpy.QtCore import Qt
from qtpy.QtGui import QCloseEvent, QHideEvent, QKeyEvent, QShowEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
)
from superqt import QElidingLabel

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.layers.matching import is_result
from napari_garage_unet.session.connection.state import Engine
from napari_garage_unet.session.guidance.ui_state import (
    can_learn,
    can_start_over,
    can_stop,
)
from napari_garage_unet.session.training.settings import Settings
from napari_garage_unet.widgets.common.dock import Dock, main_button
from napari_garage_unet.widgets.common.fold import Fold
from napari_garage_unet.widgets.common.form import SettingsForm
from napari_garage_unet.widgets.common.hint_line import HintLine
from napari_garage_unet.widgets.common.layer_picker import LayerPicker

from .channels_button import ChannelsButton
from .class_panel import ClassPanel
from .curve import Curve
from .guidance_row import GuidanceRow
from .keys import ClassKeys
from .restore_offer import RestoreOffer
from .version_strip import VersionStrip

ENGINE_WORDS = {
    Engine.OFF: "engine not started",
    Engine.STARTING: "engine starting",
    Engine.WARMING: "warming up",
    Engine.READY: "ready",
    Engine.DEAD: "engine stopped",
}

ABOUT_ENGINE = (
    "What computes. It warms up while you paint, in a process of its own, so the "
    "viewer never waits for it."
)

NARROWEST = 260
"""Width in pixels at which all of the dock can still be read."""


class TrainWidget(Dock):
    """Pick an image, paint classes, press Learn.

    Parameters
    ----------
    napari_viewer
        The viewer, or a proxy of it.
    """

    narrowest = NARROWEST

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.setObjectName("garage-train")
        self._keys = ClassKeys(self.session)
        self._build_pickers()
        self.classes = ClassPanel(self.session)
        self.column.addWidget(self.classes)
        self._build_status()
        self._build_learn()
        self.offer = RestoreOffer(self.session)
        self.column.addWidget(self.offer)
        self.hint = HintLine(self.session)
        self.column.addWidget(self.hint)
        self.guidance = GuidanceRow(self.session)
        self.column.addWidget(self.guidance)
        self.curve = Curve()
        self.column.addWidget(self.curve)
        self.figures = QLabel()
        self.figures.setWordWrap(True)
        self.column.addWidget(self.figures)
        self.versions = VersionStrip(self.session)
        self.column.addWidget(self.versions)
        self._build_more()
        self.column.addStretch(1)

        session = self.session
        self.follow(session.changed, self._on_changed)
        self.follow(session.problem_changed, self.hint.refresh)
        self.follow(session.counted, self.classes.show_counts)
        self.follow(session.brush_changed, self.classes.show_selected)
        self.follow(session.classes.changed, self.classes.show_classes)
        self.follow(session.images.changed, self._on_images)
        self.follow(session.job.progressed, self._on_progress)
        self.follow(session.versions.changed, self.versions.refresh)
        self.follow(session.guidance.changed, self.guidance.refresh)
        self.follow(session.results.changed, self.guidance.refresh)
        self.follow(session.recovery.changed, self.offer.refresh)
        self.follow(session.auto_training.settings_changed, self._show_settings)
        self._on_images()
        self._on_changed()

    # -- what napari and Qt call --------------------------------------------------

    def reset_choices(self, event: Any = None) -> None:
        """Follow the layers; napari calls this when they change."""
        self._show_pickers()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Take the number keys."""
        super().showEvent(event)
        self._keys.bind()

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Give the number keys back."""
        self._keys.release()
        super().hideEvent(event)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Give the number keys back."""
        self._keys.release()
        super().closeEvent(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """The number keys work while the dock has the focus, too."""
        text = event.text() if event is not None else ""
        if text and text in "123456789" and int(text) in self.session.classes:
            self.session.paint(int(text))
        else:
            super().keyPressEvent(event)

    # -- building -----------------------------------------------------------------

    def _build_status(self) -> None:
        self.status = QElidingLabel()
        self.status.setAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        self.classes.below.addWidget(self.status, 1)

    def _build_pickers(self) -> None:
        self.image_picker = LayerPicker(
            ImageLayer,
            tooltip="The image to paint on and to learn from.",
            viewer=self.viewer,
            accept=lambda layer: not is_result(layer),
            on_choice=self._on_image_chosen,
        )
        self.channels = ChannelsButton(self.session)
        self.strokes_picker = LayerPicker(
            Labels,
            tooltip="The Labels layer your strokes are painted in. 0 is unlabelled.",
            viewer=self.viewer,
            accept=lambda layer: not is_result(layer),
            on_choice=self._on_strokes_chosen,
        )
        self.new_button = QPushButton("New")
        self.new_button.setToolTip("Add an empty strokes layer for this image.")
        self.new_button.clicked.connect(self._on_new)
        self.about_image = QLabel()
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(QLabel("Image"), 0, 0)
        grid.addWidget(self.image_picker.native, 0, 1)
        grid.addWidget(self.channels, 0, 2)
        grid.addWidget(self.about_image, 1, 1, 1, 2)
        grid.addWidget(QLabel("Strokes"), 2, 0)
        grid.addWidget(self.strokes_picker.native, 2, 1)
        grid.addWidget(self.new_button, 2, 2)
        grid.setColumnStretch(1, 1)
        self.column.addLayout(grid)

    def _build_learn(self) -> None:
        self.learn_button = main_button("Learn")
        self.learn_button.clicked.connect(self._on_learn)
        self.by_itself = QCheckBox("while I paint")
        self.by_itself.setToolTip(
            "Start learning by itself as soon as two classes are painted, and again "
            "with every new stroke."
        )
        self.by_itself.setChecked(self.session.learns_by_itself)
        self.by_itself.toggled.connect(self._on_by_itself)
        row = QHBoxLayout()
        row.addWidget(self.learn_button, 1)
        row.addWidget(self.by_itself)
        self.column.addLayout(row)

    def _build_more(self) -> None:
        settings = self.session.settings
        self.training_form = SettingsForm(
            settings.training,
            (
                "seconds",
                "seed",
                "crop",
                "batch",
                "learning_rate",
                "held_out",
                "augment",
            ),
            wraps=True,
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
        self.fresh_button.clicked.connect(self.session.start_over)
        self.more = Fold(
            "More",
            tooltip="How to learn, and with which network. Nothing here has to be set.",
        )
        self.column.addWidget(self.more)
        for title, form in (
            ("Learning", self.training_form),
            ("Preprocessing", self.preprocess_form),
            ("Network", self.network_form),
        ):
            heading = QLabel(title)
            font = heading.font()
            font.setBold(True)
            heading.setFont(font)
            self.more.column.addWidget(heading)
            self.more.column.addWidget(form)
        self.more.column.addWidget(self.fresh_button)
        self.training_form.changed.connect(self._on_settings)
        self.preprocess_form.changed.connect(self._on_preprocess)
        self.network_form.changed.connect(self._on_network)

    # -- what a person does -------------------------------------------------------

    def _on_image_chosen(self, layer: Layer | None) -> None:
        self.session.images.choose(layer)

    def _on_strokes_chosen(self, layer: Layer | None) -> None:
        try:
            self.session.images.choose_strokes(layer)
        except GarageError as error:
            self.session.report(error)
            self._show_pickers()

    def _on_new(self) -> None:
        self.session.new_strokes()

    def _on_learn(self) -> None:
        if self.session.live.is_running:
            self.session.stop()
        else:
            self.session.learn()

    def _on_by_itself(self, checked: bool) -> None:
        self.session.learns_by_itself = checked

    def _on_settings(self) -> None:
        self._change_settings(training=self.training_form.value)

    def _on_preprocess(self) -> None:
        self._change_settings(preprocess=self.preprocess_form.value)

    def _on_network(self) -> None:
        self._change_settings(network=self.network_form.value)

    def _change_settings(
        self,
        *,
        training: TrainingConfig | None = None,
        preprocess: PreprocessConfig | None = None,
        network: NetworkConfig | None = None,
    ) -> None:
        given = {"training": training, "preprocess": preprocess, "network": network}
        changes: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
        settings: Settings = dataclasses.replace(self.session.settings, **changes)
        self.session.settings = settings

    def _show_settings(self) -> None:
        settings = self.session.settings
        self.training_form.show_value(settings.training)
        self.preprocess_form.show_value(settings.preprocess or PreprocessConfig())
        self.network_form.show_value(settings.network or NetworkConfig())
        self.by_itself.blockSignals(True)
        self.by_itself.setChecked(self.session.learns_by_itself)
        self.by_itself.blockSignals(False)

    # -- what the session says ----------------------------------------------------

    def _on_images(self) -> None:
        self._show_pickers()
        self.classes.show_classes()
        if self.isVisible():
            self._keys.bind()

    def _on_changed(self) -> None:
        session = self.session
        words = ENGINE_WORDS[session.link.state]
        said = words[0].upper() + words[1:]
        if session.link.device and session.link.is_running:
            said += f" \u00b7 {session.link.device}"
        if said != self.status.text():
            self.status.setText(said)
            about = (said, session.link.note, ABOUT_ENGINE)
            self.status.setToolTip("\n".join(filter(None, about)))
        now = session.ui_state
        is_running = now.live.is_running
        self.learn_button.setText("Stop" if is_running else "Learn")
        self.learn_button.setEnabled(can_learn(now) or can_stop(now))
        self.learn_button.setToolTip(
            "Learn from your strokes; the preview follows. Hold H to look beneath it."
            if not is_running
            else "Stop learning and keep what was learnt."
        )
        self.fresh_button.setEnabled(can_start_over(now))
        self.hint.refresh()
        self.curve.show_history(session.job.history)
        self._show_figures()

    def _on_progress(self) -> None:
        self.curve.follow()
        self._show_figures()

    def _show_figures(self) -> None:
        history = self.session.job.history
        said = ""
        if history.accuracy:
            said = f"{history.accuracy[-1]:.0%} of held-out strokes right"
        elif history.loss:
            said = "Too few strokes to keep some aside and check."
        self.figures.setText(said)
        steps = self.session.live.step
        self.figures.setToolTip(
            f"{steps} steps. A network that has not seen some of the strokes is "
            "asked about them: does what is learnt hold for unseen pixels?"
            if history.loss
            else ""
        )

    def _show_pickers(self) -> None:
        current = self.session.images.current
        self.image_picker.show(current.layer if current else None)
        self.strokes_picker.show(current.strokes if current else None)
        self.new_button.setEnabled(current is not None)
        self.channels.refresh()
        self.about_image.setText(describe(current))


def describe(annotated: Any) -> str:
    """Say in a few words what an image is, such as ``"RGB, 500 x 741"``."""
    if annotated is None:
        return ""
    layers = annotated.layers
    if len(layers) > 1:
        kind = f"{len(layers)} channels"
    else:
        kind = "RGB" if layers[0].rgb else "grey"
    size = " \u00d7 ".join(str(n) for n in annotated.spatial_shape)
    return f"{kind}, {size} px"
