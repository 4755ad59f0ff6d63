"""Sizes in pixels or in the units of the layer; the slider of the split distance."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.widgets.thresholds.clean_up import CleanUp


@pytest.fixture
def clean_up(qtbot):
    widget = CleanUp()
    qtbot.addWidget(widget)
    return widget


def image(spacing=(0.5, 0.25), units="micrometer", axes="yx"):
    return Image(np.zeros((4, 5, 6)[-len(axes) :]), axes, spacing, units)


RULE = ClassRule(
    threshold=0.3,
    min_size=50,
    max_size=1234.5,
    fill_holes=7,
    split=True,
    split_distance=3.7,
)


def in_units(clean_up, rule=RULE, **kwargs):
    clean_up.show_image(image(**kwargs), in_units=True)
    clean_up.show_rule("cell", rule)
    return clean_up.form.field("min_size")


def test_sizes_are_areas_in_the_units_of_the_layer(clean_up):
    field = in_units(clean_up)
    assert field.text() == "6.3 µm²"
    assert field.suffix() == " µm²"
    assert clean_up.form.field("split_distance").suffix() == " µm"
    assert clean_up.form.field("split_distance").value() == pytest.approx(3.7)


def test_the_rule_stays_in_pixels(clean_up):
    field = in_units(clean_up)
    field.setValue(10.0)
    rule = clean_up.apply_to(RULE)
    assert rule.min_size == pytest.approx(80)
    assert rule == ClassRule(
        threshold=0.3,
        min_size=80,
        max_size=1234.5,
        fill_holes=7,
        split=True,
        split_distance=3.7,
    )


@pytest.mark.parametrize("start", [True, False])
def test_changing_the_unit_changes_nothing_else(clean_up, qtbot, start):
    clean_up.show_image(image((0.013, 0.017)), in_units=start)
    clean_up.show_rule("cell", RULE)
    with qtbot.assertNotEmitted(clean_up.changed):
        for place in (1, 0, 1, 0):
            clean_up.unit_box.setCurrentIndex(place)
    assert clean_up.apply_to(RULE) == RULE


def test_another_field_does_not_round_the_others(clean_up):
    in_units(clean_up, spacing=(0.013, 0.017))
    clean_up.form.field("smooth").setValue(2)
    rule = clean_up.apply_to(RULE)
    assert (rule.min_size, rule.max_size, rule.split_distance) == (50, 1234.5, 3.7)
    assert rule.smooth == 2


def test_one_pixel_can_be_told_from_two_in_any_unit(clean_up):
    field = in_units(clean_up, spacing=(0.001, 0.001), units="millimeter")
    field.show_exact(1.0)
    one = field.text()
    field.show_exact(2.0)
    assert field.text() != one
    assert field.suffix() == " mm²"


def test_sizes_of_a_volume_are_volumes(clean_up):
    field = in_units(clean_up, spacing=(2.0, 0.5, 0.25), axes="zyx")
    assert field.text() == "12.5 µm³"
    clean_up.unit_box.setCurrentIndex(0)
    assert field.text() == "50 voxels"


def test_an_image_without_a_scale_has_pixels_only(clean_up):
    clean_up.show_image(image((1, 1), "pixel"), in_units=True)
    clean_up.show_rule("cell", RULE)
    assert clean_up.unit_box.isHidden()
    assert clean_up.form.field("min_size").text() == "50 px"


def test_a_scale_without_a_unit_can_be_used(clean_up):
    field = in_units(clean_up, units="pixel")
    assert not clean_up.unit_box.isHidden()
    assert field.suffix() == " units²"


def test_empty_fields_are_words_in_every_unit(clean_up):
    for units in (True, False):
        clean_up.show_image(image(), in_units=units)
        clean_up.show_rule("cell", ClassRule())
        assert clean_up.more.field("max_size").text() == "no limit"
        assert clean_up.form.field("split_distance").text() == "automatic"
    assert clean_up.apply_to(ClassRule()) == ClassRule()


def test_the_slider_is_in_pixels_of_the_finest_axis(clean_up, qtbot):
    clean_up.show_image(image(), in_units=False)
    clean_up.show_rule("cell", ClassRule(split=True))
    with qtbot.waitSignal(clean_up.changed):
        clean_up.slider.setValue(24)
    assert clean_up.apply_to(ClassRule()).split_distance == pytest.approx(12 * 0.25)
    assert clean_up.form.field("split_distance").text() == "12.0 px"
    clean_up.slider.setValue(0)
    assert clean_up.apply_to(RULE).split_distance is None


def test_the_slider_shows_what_is_typed(clean_up):
    clean_up.show_image(image(), in_units=False)
    clean_up.show_rule("cell", ClassRule(split=True))
    clean_up.form.field("split_distance").setValue(20)
    assert clean_up.slider.value() == 40
    assert clean_up.apply_to(RULE).split_distance == pytest.approx(5.0)


def test_a_held_slider_is_told_apart_from_one_that_was_let_go(clean_up, qtbot):
    clean_up.show_image(image(), in_units=False)
    clean_up.show_rule("cell", ClassRule(split=True))
    clean_up.slider.setSliderDown(True)
    with (
        qtbot.waitSignal(clean_up.sliding),
        qtbot.assertNotEmitted(clean_up.changed),
    ):
        clean_up.slider.setValue(24)
    with qtbot.waitSignal(clean_up.changed):
        clean_up.slider.setSliderDown(False)


def test_splitting_can_only_be_tuned_when_it_is_on(clean_up):
    clean_up.show_image(image(), in_units=False)
    clean_up.show_rule("cell", ClassRule())
    parts = (clean_up.slider, clean_up.seeds, clean_up.form.field("split_distance"))
    assert not any(part.isEnabled() for part in parts)
    clean_up.form.field("split").setChecked(True)
    assert all(part.isEnabled() for part in parts)
