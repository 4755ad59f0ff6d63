"""Objects from strokes: nuclei in pictures without strokes, and in a volume.

Runs in a process of its own, because it loads TensorFlow:
`python -m benchmarks.tuning.objects FILE` writes its figures to FILE as JSON.

The pictures of `dsb2018_fluo` in alphabetic order: a simulated person paints on the
first one of each of three formats; of the rest, every other one is scored here, and
the ones between served to choose how objects are split. The person's strokes avoid no
border and know nothing of where nuclei touch.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_otsu
from skimage.io import imread
from skimage.segmentation import watershed

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.strokes.simulation import first_strokes
from benchmarks.strokes.tasks import DATA_FOLDER, require_data
from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.api import train
from napari_garage_unet.engine.evaluation.matching import Matches, match_objects
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.labels.volumes import label_image
from napari_garage_unet.engine.objects.instances import class_objects
from napari_garage_unet.engine.probabilities import quantize
from napari_garage_unet.engine.suggestions.painted import PaintedPlane, PaintedVolume
from napari_garage_unet.engine.suggestions.suggest import suggest_rules

PAINTED_PICTURES = ("00071198d059ba7f", "02903040e19ddf92", "07fb37aafa662660")

MAX_TRAINING_SECONDS = 600.0
"""More than training takes: it ends after the same number of steps on any machine."""

STROKE_SEEDS = (0, 1, 2)
"""The strokes of a single seed are too few to tell the ways of splitting apart."""

CLASSES = (ClassInfo(1, "background", background=True), ClassInfo(2, "nucleus"))
CLASS_IDS = (1, 2)
EIGHT_NEIGHBOURS = np.ones((3, 3), bool)

PAINTED_PLANES = (8, 15, 22)
"""Planes of the volume, of 31, that have strokes."""

Objects = NDArray[np.integer]


def scored_stems(folder: Path) -> list[str]:
    """Return the names of every other picture without strokes."""
    stems = sorted(path.stem for path in (folder / "images").glob("*.png"))
    return [stem for stem in stems if stem not in PAINTED_PICTURES][::2]


def otsu_watershed(image: NDArray[Any]) -> Objects:
    """What scikit-image's documentation does to touching objects."""
    smooth = gaussian(image.astype(float), 1)
    mask = smooth > threshold_otsu(smooth)
    distance = ndimage.distance_transform_edt(mask)
    regions = ndimage.label(mask, EIGHT_NEIGHBOURS)[0]
    peaks = peak_local_max(distance, min_distance=5, labels=regions)
    markers = np.zeros(image.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    found: Objects = watershed(-distance, markers, mask=mask)
    return found


def find(
    levels: NDArray[np.uint8], axes: str, rules: Sequence[ClassRule]
) -> tuple[Objects, Objects]:
    """Labels and objects with these rules."""
    image = Image(levels[0], axes)
    labels = label_image(levels, rules, image, class_ids=CLASS_IDS)
    found = class_objects(
        labels,
        CLASSES,
        image,
        rules=dict(zip(CLASS_IDS, rules, strict=True)),
        probabilities=levels,
    )
    return labels, found[2]


def score_pictures() -> dict[str, Any]:
    """Train on strokes of several people and score the objects in other pictures."""
    folder = DATA_FOLDER / "dsb2018_fluo"
    stems = scored_stems(folder)
    images = {
        s: imread(folder / "images" / f"{s}.png") for s in (*PAINTED_PICTURES, *stems)
    }
    truths = {
        s: imread(folder / "masks_instances" / f"{s}.png")
        for s in (*PAINTED_PICTURES, *stems)
    }
    found: dict[str, list[Matches]] = {}
    suggested = []
    for seed in STROKE_SEEDS:
        rules, ways = learn_from(seed, images, truths)
        suggested.append({str(i): rule.to_json() for i, rule in rules.items()})
        for name, way in ways.items():
            matches = [match_objects(truths[s], way(s)) for s in stems]
            found.setdefault(name, []).extend(matches)
    figures: dict[str, Any] = {
        "suggested": suggested,
        "pictures": stems,
        "people": len(STROKE_SEEDS),
        "nuclei": sum(np.unique(truths[s]).size - 1 for s in stems),
    }
    for name, each in found.items():
        figures[name] = {
            "mean over pictures": float(np.mean([m.average_precision for m in each])),
            "all nuclei together": sum(each, Matches(0, 0, 0)).average_precision,
            "by picture": [round(m.average_precision, 3) for m in each],
        }
    return figures


def learn_from(
    seed: int, images: Mapping[str, NDArray[Any]], truths: Mapping[str, NDArray[Any]]
) -> tuple[dict[int, ClassRule], dict[str, Callable[[str], Objects]]]:
    """Train on one person's strokes: what Suggest says, and ways to find objects."""
    rng = np.random.default_rng(seed)
    strokes = {
        s: first_strokes((truths[s] > 0).astype(np.uint8) + 1, rng)
        for s in PAINTED_PICTURES
    }
    model = train(
        [images[s] for s in PAINTED_PICTURES],
        [strokes[s] for s in PAINTED_PICTURES],
        seconds=MAX_TRAINING_SECONDS,
    )
    levels = {s: quantize(model.predict_proba(image)) for s, image in images.items()}
    suggestion = suggest_rules(
        [
            PaintedPlane(levels[s], strokes[s], image=images[s])
            for s in PAINTED_PICTURES
        ],
        class_ids=CLASS_IDS,
        background_ids=(1,),
    )
    rules = suggestion.rules
    plain = ClassRule(threshold=0.5)
    suggested = dataclasses.replace(rules[2], split=False)
    by_distance = ClassRule.from_json({**suggested.to_json(), "split": True})
    by_probability = ClassRule.from_json(
        {**by_distance.to_json(), "split_by": "probability"}
    )
    ways: dict[str, Callable[[str], Objects]] = {
        "connected components at 0.5": lambda s: find(levels[s], "yx", [plain, plain])[
            1
        ],
        "Otsu and watershed": lambda s: otsu_watershed(images[s]),
        **{
            name: lambda s, rule=rule: find(levels[s], "yx", [rules[1], rule])[1]
            for name, rule in (
                ("Suggest", suggested),
                ("Suggest, split by distance", by_distance),
                ("Suggest, split by probability", by_probability),
            )
        },
    }
    return rules, ways


def score_volume() -> dict[str, Any]:
    """Count the nuclei of a volume, from its true mask and from models."""
    folder = DATA_FOLDER / "stardist_tiny"
    volume = tifffile.imread(folder / "stack_zyx.tif")
    truth = tifffile.imread(folder / "stack_instances_zyx.tif")
    mask = (truth > 0).astype(np.uint8)
    rule = ClassRule(split=True)
    classes = (ClassInfo(1, "nucleus"),)

    def count(labels: Objects) -> int:
        image = Image(labels, "zyx")
        return int(class_objects(labels, classes, image, rules={1: rule})[1].max())

    connected = int(ndimage.label(mask, np.ones((3, 3, 3)))[1])
    return {
        "nuclei": int(np.unique(truth).size - 1),
        "connected in the true mask": connected,
        "split in the true mask": count(mask),
        "split in the results of models": [
            count_of_model(seed, volume, mask) for seed in STROKE_SEEDS
        ],
    }


def count_of_model(seed: int, volume: NDArray[Any], mask: NDArray[np.uint8]) -> int:
    """Train on one person's strokes in some planes, and count after Suggest."""
    rng = np.random.default_rng(seed)
    strokes = np.zeros(volume.shape, np.uint8)
    for z in PAINTED_PLANES:
        strokes[z] = first_strokes(mask[z] + np.uint8(1), rng, per_class=6)
    image = Image(volume, "zyx")
    model = train(image, strokes, seconds=MAX_TRAINING_SECONDS)
    levels = quantize(model.predict_proba(image))
    return count_after_suggest(volume, levels, strokes)


def count_after_suggest(
    volume: NDArray[Any], levels: NDArray[np.uint8], strokes: NDArray[np.uint8]
) -> int:
    """Count the objects of a volume with what Suggest says, split by distance."""
    suggestion = suggest_rules(
        [
            PaintedPlane(levels[:, z], strokes[z], image=volume[z])
            for z in PAINTED_PLANES
        ],
        class_ids=CLASS_IDS,
        background_ids=(1,),
        volumes=[PaintedVolume(levels, strokes, (1.0, 1.0, 1.0))],
    )
    split = ClassRule.from_json({**suggestion.rules[2].to_json(), "split": True})
    _, found = find(levels, "zyx", [suggestion.rules[1], split])
    return int(found.max())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    require_data()
    figures = {"pictures": score_pictures(), "volume": score_volume()}
    options.out.write_text(json.dumps(figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
