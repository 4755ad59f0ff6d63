from __future__ import annotations

import dataclasses

import pytest

from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.widgets.common.form import SettingsForm, read_field, write_field


@pytest.mark.parametrize(
    "config", [PreprocessConfig(), NetworkConfig(), TrainingConfig(), ClassRule()]
)
def test_a_form_shows_every_setting_with_its_default_and_help(qtbot, config):
    form = SettingsForm(config)
    qtbot.addWidget(form)
    assert form.value == config
    for f in dataclasses.fields(config):
        field = form.field(f.name)
        assert field.toolTip() == f.metadata["help"]
        assert read_field(field) == getattr(config, f.name), f.name


def test_changing_a_field_changes_the_value(qtbot):
    form = SettingsForm(PreprocessConfig())
    qtbot.addWidget(form)
    with qtbot.waitSignal(form.changed):
        form.field("gamma").setValue(2.5)
    assert form.value == PreprocessConfig(gamma=2.5)
    form.field("joint_channels").setChecked(True)
    assert form.value.joint_channels is True


def test_choices_are_words(qtbot):
    form = SettingsForm(NetworkConfig())
    qtbot.addWidget(form)
    box = form.field("encoder")
    assert [box.itemText(i) for i in range(box.count())] == [
        "efficientnet lite0",
        "plain",
    ]
    box.setCurrentIndex(1)
    assert form.value.encoder == "plain"


def test_fields_keep_to_the_limits_of_the_settings(qtbot):
    form = SettingsForm(TrainingConfig())
    qtbot.addWidget(form)
    form.field("crop").setValue(1)
    assert form.value.crop == 16
    form.field("held_out").setValue(0.9)
    assert form.value.held_out == 0.5


def test_what_is_left_empty_is_none(qtbot):
    form = SettingsForm(TrainingConfig())
    qtbot.addWidget(form)
    field = form.field("max_steps")
    assert read_field(field) is None
    write_field(field, 12)
    assert read_field(field) == 12
    write_field(field, None)
    assert read_field(field) is None
    assert "limit" in field.text()


def test_only_the_named_fields_are_changed(qtbot):
    form = SettingsForm(ClassRule(), ("min_size",))
    qtbot.addWidget(form)
    form.field("min_size").setValue(9)
    rule = ClassRule(threshold=0.3, fill_holes=4)
    assert form.apply_to(rule) == ClassRule(threshold=0.3, fill_holes=4, min_size=9)
