"""The pipeline gives what its steps give one by one, and writes it."""

from __future__ import annotations

import csv

import keras
import numpy as np
import pytest
import tifffile

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.batch.pipeline import (
    OutputPaths,
    PipelineOptions,
    image_table,
    segment_image,
    write_outputs,
)
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.objects.instances import class_objects, objects_table
from napari_garage_unet.engine.objects.table_files import write_table
from napari_garage_unet.engine.objects.table_units import join_in_one_unit

CLASSES = (ClassInfo(1, "ground", background=True), ClassInfo(3, "cell"))


@pytest.fixture(scope="module")
def model():
    """An untrained network, whose labels are patches of both classes."""
    config = NetworkConfig(encoder="plain", width=4, depth=2)
    keras.utils.set_random_seed(1)
    weights = build_network(config, 1, 2).weights()
    return Model(CLASSES, PreprocessConfig(), config, 1, weights)


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(0)
    return Image(rng.random((48, 56)), "yx", spacing=(0.5, 0.5), name="cells.tif")


def test_labels_alone_are_those_of_the_model(model, image):
    segmented = segment_image(model, image)
    np.testing.assert_array_equal(segmented.labels, model.segment(image))
    assert segmented.probabilities is None
    assert segmented.objects is None


def test_probabilities_change_no_label(model, image):
    segmented = segment_image(model, image, PipelineOptions(probabilities=True))
    np.testing.assert_array_equal(segmented.labels, model.segment(image))
    np.testing.assert_array_equal(segmented.probabilities, model.predict_proba(image))


@pytest.mark.parametrize("split_by", [None, "distance", "probability"])
def test_objects_and_tables_are_those_of_the_single_steps(model, image, split_by):
    model = model.with_rules({3: ClassRule(min_size=4, split=True)})
    options = PipelineOptions(objects=True, split_by=split_by)
    segmented = segment_image(model, image, options)
    weights = model.predict_proba(image)
    labels = model.segment(image)
    expected = class_objects(
        labels,
        CLASSES,
        image,
        rules=model.rules,
        probabilities=weights,
        split_by=split_by,
    )
    assert expected[3].max() > 1
    np.testing.assert_array_equal(segmented.labels, labels)
    np.testing.assert_array_equal(segmented.objects.ids, expected[3])
    assert segmented.objects.counts == {3: expected[3].max()}
    table = image_table(segmented)
    for name, column in objects_table(expected, CLASSES, image).items():
        np.testing.assert_array_equal(table[name], column)
    assert set(table["image"]) == {"cells.tif"}
    # Probabilities of all classes need room, so they are there only if they are used.
    assert (segmented.probabilities is not None) == (split_by == "probability")


def test_what_was_made_is_written_where_it_was_asked_for(model, image, tmp_path):
    options = PipelineOptions(probabilities=True, objects=True)
    segmented = segment_image(model, image, options)
    paths = OutputPaths(
        tmp_path / "labels.tif", tmp_path / "p.tif", tmp_path / "objects.tif"
    )
    write_outputs(segmented, paths)
    for path, expected in (
        (paths.segmentation, segmented.labels),
        (paths.probabilities, segmented.probabilities),
        (paths.objects, segmented.objects.ids),
    ):
        np.testing.assert_array_equal(tifffile.imread(path), expected)
    write_outputs(segmented, OutputPaths(tmp_path / "alone.png"))
    assert len(list(tmp_path.iterdir())) == 4


def test_tables_of_several_images_become_one_file(model, image, tmp_path):
    other = Image(image.data[:32], "yx", name="other.tif")
    tables = [
        image_table(segment_image(model, each, PipelineOptions(objects=True)))
        for each in (image, other)
    ]
    write_table(join_in_one_unit(tables), tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(table["image"]) for table in tables)
    assert list(dict.fromkeys(row["image"] for row in rows)) == [
        "cells.tif",
        "other.tif",
    ]


@pytest.mark.parametrize("split", [True, False])
def test_objects_have_the_sizes_of_the_rules(model, image, split):
    rules = {3: ClassRule(min_size=12, max_size=90)}
    tuned = model.with_rules(rules)
    options = PipelineOptions(objects=True, split=split)
    plain = np.bincount(segment_image(model, image, options).objects.ids.ravel())[1:]
    assert plain.min() < 12 or plain.max() > 90
    segmented = segment_image(tuned, image, options)
    sizes = np.bincount(segmented.objects.ids.ravel())[1:]
    assert sizes.size > 0 or not split
    assert ((sizes >= 12) & (sizes <= 90)).all()
    assert segmented.objects.counts == {3: sizes.size}
    assert len(segmented.objects.table["area"]) == sizes.size
