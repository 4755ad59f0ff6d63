"""The classes that people paint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_garage_unet.engine.errors import InputError


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """A class that can be painted.

    Parameters
    ----------
    id
        Value of its strokes and of its pixels in a segmentation, at least 1.
    name
        What people call it.
    color
        ``"#rrggbb"``, or empty for the palette's colour of this id.
    background
        Whether it stands for "nothing of interest"; drawn transparent.
    """

    id: int
    name: str = ""
    color: str = ""
    background: bool = False

    def __post_init__(self) -> None:
        if self.id < 1:
            raise InputError(
                f"Class ids start at 1 (0 means unlabelled), {self.id} is not possible."
            )
        if not self.name:
            object.__setattr__(self, "name", f"class {self.id}")


def merge_classes(
    known: Sequence[ClassInfo], given: Sequence[ClassInfo], painted: Sequence[int]
) -> tuple[ClassInfo, ...]:
    """Join the classes of a model, those of a person and those that are painted.

    What a person says about a class wins; the order of `known` stays, since it is
    that of the network's outputs.
    """
    found = {info.id: info for info in known}
    found.update({info.id: info for info in given})
    for class_id in painted:
        found.setdefault(class_id, ClassInfo(class_id))
    return tuple(found.values())
