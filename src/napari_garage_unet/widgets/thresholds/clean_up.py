"""What a rule does after the threshold: smooth, fill, remove and split objects."""

from __future__ import annotations

import math

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.units import UNIT_SYMBOLS, unit_name
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.widgets.common.fold import Fold
from napari_garage_unet.widgets.common.form import SettingsForm
from napari_garage_unet.widgets.common.size_field import SizeField

SHOWN_FIELDS = (
    "smooth",
    "fill_holes",
    "min_size",
    "split",
    "split_by",
    "split_distance",
)
FOLDED_FIELDS = ("low", "max_size", "clear_border", "keep_largest", "takes_no_data")

SLIDER_STEPS_PER_PIXEL = 2
MAX_SPLIT_DISTANCE_PIXELS = 60
"""The split distance at the right end of its slider."""


class CleanUp(QWidget):
    """The fields of a `ClassRule` that act after the threshold.

    Attributes
    ----------
    changed
        Emitted when a person has chosen a value; `apply_to` puts it into a rule.
    sliding
        Emitted instead while the slider is held.
    seeds_wanted
        Emitted with whether the seeds of touching objects are to be shown.
    unit_chosen
        Emitted with True for sizes in the units of the layer, False for pixels.
    title
        Names the class that the fields are of.
    """

    changed = Signal()
    sliding = Signal()
    seeds_wanted = Signal(bool)
    unit_chosen = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._image: Image | None = None
        self._spacing: tuple[float, ...] = (1.0, 1.0)
        self._length = ""
        self.title = QLabel()
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self._sizes = {
            "fill_holes": SizeField(),
            "min_size": SizeField(),
            "max_size": SizeField(empty="no limit"),
        }
        self._distance = SizeField(empty="automatic")
        fields = {**self._sizes, "split_distance": self._distance}
        self.form = SettingsForm(ClassRule(), SHOWN_FIELDS, fields=fields)
        self.more = SettingsForm(ClassRule(), FOLDED_FIELDS, fields=fields)
        smooth, low = self.form.field("smooth"), self.more.field("low")
        assert isinstance(smooth, QSpinBox)
        smooth.setSuffix(" px")
        assert isinstance(low, QDoubleSpinBox)
        low.setSpecialValueText("off")
        self._build_unit()
        self._build_splitting()
        self.fold = Fold(
            "More",
            tooltip="Two-level thresholds, largest size, objects at the border, pixels "
            "without data.",
        )
        self.fold.column.addWidget(self.more)
        self.all_classes = QCheckBox("the same for all classes")
        self.all_classes.setToolTip("Use these values for every class of the result.")
        self.form.changed.connect(self._on_form)
        self.more.changed.connect(self.changed)
        self.all_classes.toggled.connect(self._on_all)
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.unit_box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.form)
        layout.addWidget(self.fold)
        layout.addWidget(self.all_classes)
        self._show_splitting()

    def show_rule(self, name: str, rule: ClassRule) -> None:
        """Show the rule of a class, by the name of the class."""
        self.title.setText(f"Clean up {name}")
        self.form.show_value(rule)
        self.more.show_value(rule)
        self._show_splitting()

    def show_image(self, image: Image, *, in_units: bool) -> None:
        """Show sizes as they are in an image.

        Parameters
        ----------
        image
            Image the rule is for; its spacing and units are those of the sizes.
        in_units
            Whether sizes are shown in the units of the image and not in pixels. Images
            without a scale have pixels only.

        Notes
        -----
        An image that has got another scale is another `Image`.
        """
        if image is self._image:
            return
        self._image = image
        sizes = dict(zip(image.spatial_axes, image.spacing, strict=True))
        self._spacing = tuple(sizes[axis] for axis in "zyx" if axis in sizes)
        name = unit_name(image.units)
        is_scaled = name in UNIT_SYMBOLS or any(step != 1 for step in self._spacing)
        self._length = UNIT_SYMBOLS.get(name, "units") if is_scaled else ""
        self.unit_box.setVisible(is_scaled)
        self.unit_box.setItemText(1, self._length)
        self.unit_box.blockSignals(True)
        self.unit_box.setCurrentIndex(int(is_scaled and in_units))
        self.unit_box.blockSignals(False)
        self._show_units()

    def apply_to(self, rule: ClassRule) -> ClassRule:
        """Return a copy of a rule with the values that are shown."""
        applied: ClassRule = self.more.apply_to(self.form.apply_to(rule))
        return applied

    def show_seeds_wanted(self, wanted: bool) -> None:
        """Show whether seeds are wanted, without emitting `seeds_wanted`."""
        self.seeds.blockSignals(True)
        self.seeds.setChecked(wanted)
        self.seeds.blockSignals(False)

    # -- building -----------------------------------------------------------------

    def _build_unit(self) -> None:
        self.unit_box = QComboBox()
        self.unit_box.addItems(["pixels", ""])
        self.unit_box.setAccessibleName("unit of sizes")
        self.unit_box.setToolTip(
            "Show sizes in pixels, or in the units of the layer. What they do stays "
            "the same; the model keeps pixels. In a volume sizes are volumes: objects "
            "go through its planes. While you tune a large one, what reaches out of "
            "the planes around the one you see stays; then all of it is looked at."
        )
        self.unit_box.currentIndexChanged.connect(self._on_unit)

    def _build_splitting(self) -> None:
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, MAX_SPLIT_DISTANCE_PIXELS * SLIDER_STEPS_PER_PIXEL)
        self.slider.setPageStep(5 * SLIDER_STEPS_PER_PIXEL)
        self.slider.setAccessibleName("split distance")
        self.slider.setToolTip(
            "How far apart the centres of two objects are at least: left splits more, "
            "right splits less, the left end is automatic."
        )
        self.slider.valueChanged.connect(self._on_slider)
        self.slider.sliderReleased.connect(self._on_slider_released)
        self.seeds = QCheckBox("show seeds")
        self.seeds.setChecked(True)
        self.seeds.setToolTip(
            "A dot for each object that would be found, while you tune. The layer of "
            "dots goes when the dock is closed or another is in front of it."
        )
        self.seeds.toggled.connect(self.seeds_wanted)
        row = QHBoxLayout()
        row.addWidget(self.slider, 1)
        row.addWidget(self.seeds)
        self.form.add_row(row)

    # -- showing ------------------------------------------------------------------

    @property
    def _is_volume(self) -> bool:
        return len(self._spacing) == 3

    def _show_units(self) -> None:
        in_units = self.unit_box.currentIndex() == 1
        power = "\N{SUPERSCRIPT THREE}" if self._is_volume else "\N{SUPERSCRIPT TWO}"
        for field in self._sizes.values():
            if in_units:
                field.show_unit(math.prod(self._spacing), f"{self._length}{power}")
            else:
                field.show_unit(1.0, "voxels" if self._is_volume else "px")
        # Unlike the sizes, the distance of a rule is in the units of the layer.
        if in_units:
            self._distance.show_unit(1.0, self._length)
            self._distance.setDecimals(2)
        else:
            self._distance.show_unit(1 / min(self._spacing), "px")
            self._distance.setDecimals(1)

    def _show_splitting(self) -> None:
        split = self.form.field("split")
        assert isinstance(split, QCheckBox)
        split_by = self.form.field("split_by")
        for widget in (split_by, self._distance, self.slider, self.seeds):
            widget.setEnabled(split.isChecked())
        distance = self._distance.exact
        pixels = 0.0 if distance is None else distance / min(self._spacing)
        self.slider.blockSignals(True)
        self.slider.setValue(round(pixels * SLIDER_STEPS_PER_PIXEL))
        self.slider.blockSignals(False)

    # -- what a person does -------------------------------------------------------

    def _on_form(self) -> None:
        self._show_splitting()
        self.changed.emit()

    def _on_unit(self, place: int) -> None:
        self._show_units()
        self.unit_chosen.emit(place == 1)

    def _on_slider(self, steps: int) -> None:
        pixels = steps / SLIDER_STEPS_PER_PIXEL
        self._distance.show_exact(pixels * min(self._spacing) if steps else None)
        if self.slider.isSliderDown():
            self.sliding.emit()
        else:
            self.changed.emit()

    def _on_slider_released(self) -> None:
        self.changed.emit()

    def _on_all(self, checked: bool) -> None:
        if checked:
            self.changed.emit()
