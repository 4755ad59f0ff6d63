"""The dock that segments images with a model."""

from __future__ import annotations

import math
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Layer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QRadioButton,
    QWidget,
)

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.layers.axes import layer_axes, layer_shape
from napari_garage_unet.layers.matching import is_result
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.segmentation.segmentation_job import SegmentationOptions
from napari_garage_unet.widgets.common.dock import Dock, main_button
from napari_garage_unet.widgets.common.hint_line import HintLine
from napari_garage_unet.widgets.common.layer_picker import LayerPicker

from .model_panel import ModelPanel
from .summary import summarise

PROGRESS_BAR_HEIGHT_PIXELS = 18


class SegmentWidget(Dock):
    """Choose a model and an image, press Segment.

    Parameters
    ----------
    napari_viewer
        The viewer, or a proxy of it.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.setObjectName("garage-segment")
        self._image: ImageLayer | None = None
        self._saved = ""
        self.models = ModelPanel(self.session)
        self.models.changed.connect(self._on_changed)
        self.column.addWidget(self.models)
        self._build_choices()
        self._build_button()
        self.hint = HintLine(self.session, text=self._hint)
        self.column.addWidget(self.hint)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.column.addWidget(self.summary)
        self.column.addStretch(1)

        session = self.session
        self.follow(session.changed, self._on_changed)
        self.follow(session.problem_changed, self.hint.refresh)
        self.follow(session.models.changed, self.models.refresh)
        self.follow(session.models.saved, self._on_saved)
        self.follow(session.images.changed, self._on_images)
        self.follow(session.segmentation.changed, self._on_changed)
        self.follow(session.segmentation.finished, self._on_finished)
        self._on_images()

    def reset_choices(self, event: Any = None) -> None:
        """Follow the layers; napari calls this when they change."""
        self._on_images()

    # -- building -----------------------------------------------------------------

    def _build_choices(self) -> None:
        self.image_picker = LayerPicker(
            ImageLayer,
            tooltip="The image to segment.",
            viewer=self.viewer,
            accept=lambda layer: not is_result(layer),
            on_choice=self._on_image_chosen,
        )
        self.this_plane = QRadioButton("this plane")
        self.this_plane.setToolTip("Only the plane that is on view now.")
        self.all_planes = QRadioButton("all planes")
        self.all_planes.setToolTip("The whole stack, plane by plane.")
        self.this_plane.setChecked(True)
        self._where = QButtonGroup(self)
        self._where.addButton(self.this_plane)
        self._where.addButton(self.all_planes)
        self.where_label = QLabel("Where")
        self.make_labels = QCheckBox("labels")
        self.make_labels.setChecked(True)
        self.make_labels.setToolTip("A Labels layer with the ids of the classes.")
        self.make_probabilities = QCheckBox("probabilities")
        self.make_probabilities.setToolTip(
            "One Image layer per class: how sure the model is, from 0 to 1."
        )
        for box in (self.make_labels, self.make_probabilities):
            box.toggled.connect(self._on_changed)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(QLabel("Image"), 0, 0)
        grid.addWidget(self.image_picker.native, 0, 1)
        grid.addWidget(self.where_label, 1, 0)
        grid.addWidget(_row(self.this_plane, self.all_planes), 1, 1)
        grid.addWidget(QLabel("Make"), 2, 0)
        grid.addWidget(_row(self.make_labels, self.make_probabilities), 2, 1)
        grid.setColumnStretch(1, 1)
        self.column.addLayout(grid)

    def _build_button(self) -> None:
        self.segment_button = main_button("Segment")
        self.segment_button.clicked.connect(self._on_segment)
        self.progress = QProgressBar()
        self.progress.setTextVisible(True)
        self.progress.setFormat("%v of %m planes")
        self.progress.setMaximumHeight(PROGRESS_BAR_HEIGHT_PIXELS)
        size = self.progress.sizePolicy()
        size.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(size)
        self.column.addWidget(self.segment_button)
        self.column.addWidget(self.progress)

    # -- what a person does -------------------------------------------------------

    def _on_image_chosen(self, layer: Layer | None) -> None:
        self._image = layer if isinstance(layer, ImageLayer) else None
        self._on_changed()

    def _on_segment(self) -> None:
        segmentation = self.session.segmentation
        if segmentation.is_running:
            segmentation.cancel()
            return
        self.summary.clear()
        self._saved = ""
        if self._image is not None:
            self.session.segment(self.models.key, [self._image], self.options())

    def options(self) -> SegmentationOptions:
        """Return what is to be segmented and what is made of it."""
        return SegmentationOptions(
            all_planes=self.all_planes.isChecked(),
            labels=self.make_labels.isChecked(),
            probabilities=self.make_probabilities.isChecked(),
        )

    # -- what the session says ----------------------------------------------------

    def _on_images(self) -> None:
        current = self.session.images.current
        if self._image not in self.viewer.layers:
            self._image = current.layer if current else None
        self.image_picker.show(self._image)
        self._on_changed()

    def _on_changed(self) -> None:
        session = self.session
        if len(session.models) != self.models.box.count():
            # The live model is listed from its first step on. This comes back here.
            self.models.refresh()
            return
        running = session.segmentation.is_running
        planes, noun = self._planes()
        for widget in (self.where_label, self.this_plane, self.all_planes):
            widget.setVisible(planes > 1)
        self.this_plane.setText(f"this {noun}")
        self.all_planes.setText(f"all {planes} {noun}s")
        makes_something = (
            self.make_labels.isChecked() or self.make_probabilities.isChecked()
        )
        self.segment_button.setText("Cancel" if running else "Segment")
        self.segment_button.setToolTip(
            "Stop; planes that are done stay."
            if running
            else "Segment the image with this model."
        )
        self.segment_button.setEnabled(
            running
            or (bool(self.models.key) and makes_something and self._image is not None)
        )
        self.progress.setVisible(running)
        self.progress.setRange(0, max(session.segmentation.total, 1))
        self.progress.setValue(session.segmentation.done)
        self.hint.refresh()

    def _hint(self) -> str:
        segmentation = self.session.segmentation
        if segmentation.is_running:
            left = segmentation.seconds_left
            return "Segmenting." if left is None else f"About {left:.0f} s to go."
        if self._saved:
            return f"Saved to {self._saved}"
        if self._image is None:
            return "Open an image to segment it."
        if not self.models.key:
            return "Train a model in the Train U-Net dock, or load one."
        if not (self.make_labels.isChecked() or self.make_probabilities.isChecked()):
            return "Tick what to make: labels, probabilities or both."
        return self._about_image() or "Ready: press Segment."

    def _about_image(self) -> str:
        """Say how the image differs from those in training, or name its channels."""
        model = self.session.models.by_key(self.models.key)
        if model is None or self._image is None:
            return ""
        try:
            image = self.session.images.bind(self._image).image()
        except GarageError:
            # An image that cannot be read says so when it is segmented.
            return ""
        differences = model.differences(image)
        if differences:
            return " ".join(differences)
        if len(image.channel_names) > 1:
            names = ", ".join(image.channel_names)
            return f"Ready: press Segment. Channels: {names}."
        return ""

    def _on_saved(self, path: str) -> None:
        self._saved = path
        self.hint.refresh()

    def _on_finished(self, results: tuple[Result, ...]) -> None:
        self.summary.setText("".join(summarise(result) for result in results))

    def _planes(self) -> tuple[int, str]:
        """Return the number of planes of the image, and what one is called."""
        if self._image is None:
            return 1, "plane"
        try:
            self.session.images.bind(self._image)
            letters, shape = layer_axes(self._image), layer_shape(self._image)
        except GarageError:
            return 1, "plane"
        stack = {a: n for a, n in zip(letters, shape, strict=True) if a in "tz"}
        is_movie = stack.get("t", 1) > 1 and stack.get("z", 1) == 1
        return math.prod(stack.values()), "frame" if is_movie else "plane"


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return row
