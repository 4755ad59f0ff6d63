"""The rule of a class: its threshold, its clean-up and how its objects are split."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from napari_garage_unet.engine.class_ids import check_class_ids
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.settings import check_limits, setting
from napari_garage_unet.engine.settings import from_json as config_from_json
from napari_garage_unet.engine.settings import to_json as config_to_json

SplitBy = Literal["distance", "probability"]
"""Relief in which touching objects are split: the distance to their outline alone,
or times the probability of the class.
"""


@dataclass(frozen=True, slots=True)
class ClassRule:
    """Threshold, clean-up and splitting of one class.

    The fields are in the order in which they act, see `clean_up`. Sizes are numbers of
    pixels, or of voxels in a volume, and lengths are in pixels, with one exception:
    `split_distance` is in the units of the image's spacing. Where a class is split, its
    sizes are those of its objects, see `engine.objects.sizes`.

    Raises
    ------
    InputError
        If a value is out of its limits, or `low` is above `threshold`.
    """

    threshold: float | None = setting(
        None,
        "Threshold",
        "Pixels of at least this probability can become this class; lower finds more. "
        "Empty takes the most likely class.",
        min=0,
        max=1,
    )
    low: float | None = setting(
        None,
        "Grow down to",
        "Regions that reach the threshold somewhere grow to all connected pixels of "
        "at least this probability; empty for one threshold only.",
        min=0,
        max=1,
    )
    smooth: int = setting(
        0,
        "Smooth",
        "Radius in pixels within which outlines are evened out, in a volume as far "
        "across its planes; 0 leaves them.",
        min=0,
        max=50,
    )
    fill_holes: float = setting(
        0.0,
        "Fill holes",
        "Holes of up to this size become this class, whatever is in them. In a volume "
        "in voxels, and closed on all sides.",
        min=0,
    )
    min_size: float = setting(
        0.0,
        "Min size",
        "Regions and objects smaller than this are removed; a piece that splitting has "
        "made too small joins the one it touches most. In a volume in voxels.",
        min=0,
    )
    max_size: float | None = setting(
        None,
        "Max size",
        "Regions larger than this are removed; empty for no limit. Where touching "
        "objects are split, objects larger than this are left out, and heaps of them "
        "stay. In a volume in voxels.",
        min=0,
    )
    clear_border: bool = setting(
        False, "Clear border", "Regions that touch the border of the image are removed."
    )
    keep_largest: bool = setting(
        False, "Keep largest", "Only the largest region stays."
    )
    takes_no_data: bool = setting(
        False,
        "Takes no data",
        "Pixels without data, such as the margin of a map, become this class; "
        "otherwise none.",
    )
    split: bool = setting(
        False,
        "Split touching",
        "Objects that touch each other get an id each.",
    )
    split_by: Literal["distance", "probability"] = setting(
        "distance",
        "Split by",
        "distance: where an object is narrow; probability: also where the model is "
        "less sure, which finds borders that have no neck.",
    )
    split_distance: float | None = setting(
        None,
        "Split distance",
        "The smallest distance between the centres of two objects, in the layer's "
        "units; larger splits less. Empty chooses it by the size of the objects.",
        min=0,
    )

    def __post_init__(self) -> None:
        check_limits(self)
        low, high = self.low, self.threshold
        if low is not None and high is not None and low > high:
            raise InputError(
                f"Grow down to ({low}) lies above the threshold "
                f"({high}); choose a lower value."
            )

    @property
    def cleans(self) -> bool:
        """Whether labels are changed after their assignment."""
        return bool(self.smooth or self.fill_holes or self.removes)

    @property
    def max_region_size(self) -> float | None:
        """Size above which a region of the labels is removed; None for no limit.

        A class that is split has none: its regions may be heaps of objects.
        """
        return None if self.split else self.max_size

    @property
    def removes(self) -> bool:
        """Whether regions may be removed."""
        return (
            self.min_size > 1
            or self.max_region_size is not None
            or self.keep_largest
            or self.clear_border
        )

    def gives_same_labels_as(self, other: ClassRule) -> bool:
        """Whether both rules give the same labels; their splitting may differ."""
        return self.max_region_size == other.max_region_size and (
            self
            == dataclasses.replace(
                other,
                max_size=self.max_size,
                split=self.split,
                split_by=self.split_by,
                split_distance=self.split_distance,
            )
        )

    def at_step(self, step: int) -> ClassRule:
        """Return the rule that corresponds to this one on every n-th pixel of a plane.

        Parameters
        ----------
        step
            Pixels from one that is kept to the next. `smooth` is divided by it, sizes
            by its square; `split_distance` is not in pixels and stays.
        """
        area = step**2
        return dataclasses.replace(
            self,
            smooth=round(self.smooth / step),
            fill_holes=self.fill_holes / area,
            min_size=self.min_size / area,
            max_size=None if self.max_size is None else self.max_size / area,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return config_to_json(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ClassRule:
        """Return a rule from its JSON values.

        Raises
        ------
        InputError
            If a field is unknown, of the wrong type or out of its limits.
        """
        return config_from_json(cls, values)


Rules = (
    Sequence["ClassRule | float | None"]
    | Mapping[int, "ClassRule | float | None"]
    | ClassRule
    | float
    | None
)
"""Rules as functions take them: one per class in the order of the class ids, or by
class id (other classes have the default rule), or one for all. A number is a threshold.
"""


def resolve_class_ids(class_ids: Sequence[int] | None, count: int) -> tuple[int, ...]:
    """Return `count` class ids, 1, 2, ... by default.

    Raises
    ------
    InputError
        If the ids are not `count` different class ids.
    """
    ids = tuple(
        int(i) for i in (range(1, count + 1) if class_ids is None else class_ids)
    )
    if len(ids) != count:
        raise InputError(
            f"There are probabilities of {count} classes but {len(ids)} class ids."
        )
    check_class_ids(ids, of="A class has")
    if len(set(ids)) != count:
        raise InputError(f"Two classes have the same id: {list(ids)}.")
    return ids


def rules_of_ids(
    rules: Mapping[int, ClassRule], class_ids: Sequence[int]
) -> dict[int, ClassRule]:
    """Return the rules of some classes alone."""
    return {i: rule for i, rule in rules.items() if i in class_ids}


def id_without_data(rules: Sequence[ClassRule], class_ids: Sequence[int]) -> int:
    """Return the id of pixels without data: of the first class that takes them, or 0.

    Parameters
    ----------
    rules, class_ids
        One per class.
    """
    taking = (i for i, r in zip(class_ids, rules, strict=True) if r.takes_no_data)
    return next(taking, 0)


def resolve_rules(rules: Rules, class_ids: Sequence[int]) -> tuple[ClassRule, ...]:
    """Return one rule per class, in the order of `class_ids`.

    Raises
    ------
    InputError
        If there are rules for unknown classes, or too few or too many.
    """
    if isinstance(rules, Mapping):
        unknown = sorted(set(rules) - set(class_ids))
        if unknown:
            raise InputError(
                f"There is no class {unknown[0]}; the classes are {list(class_ids)}."
            )
        return tuple(_rule(rules.get(i)) for i in class_ids)
    if rules is None or isinstance(rules, (ClassRule, float, int)):
        return (_rule(rules),) * len(class_ids)
    if len(rules) != len(class_ids):
        raise InputError(
            f"There are {len(class_ids)} classes but {len(rules)} thresholds."
        )
    return tuple(_rule(rule) for rule in rules)


def _rule(rule: ClassRule | float | None) -> ClassRule:
    if isinstance(rule, ClassRule):
        return rule
    return ClassRule(threshold=None if rule is None else float(rule))
