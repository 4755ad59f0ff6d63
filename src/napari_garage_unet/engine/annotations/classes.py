"""Classes of strokes and pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_garage_unet.engine.class_ids import check_class_ids


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """A class that can be painted.

    Parameters
    ----------
    id
        Value of its strokes and of its pixels in a segmentation, at least 1.
    name
        Its name; "class 3" for the id 3 when left empty.
    color
        ``"#rrggbb"``, or empty for the palette's colour of this id.
    background
        Whether it is background, drawn transparent.
    """

    id: int
    name: str = ""
    color: str = ""
    background: bool = False

    def __post_init__(self) -> None:
        check_class_ids([self.id], of="A class has")
        if not self.name:
            object.__setattr__(self, "name", f"class {self.id}")


def remaining_classes(
    known: Sequence[ClassInfo], ids: Sequence[int]
) -> tuple[ClassInfo, ...]:
    """Return the classes with these ids, in the order of `known`."""
    return tuple(info for info in known if info.id in ids)


def merge_classes(
    known: Sequence[ClassInfo], given: Sequence[ClassInfo], painted: Sequence[int]
) -> tuple[ClassInfo, ...]:
    """Join the classes of a model, of a person's list and of the strokes.

    Parameters
    ----------
    known
        Classes of a model. They come first and in this order, which is that of the
        network's outputs.
    given
        Classes a person has listed; names and colours from here are preferred.
    painted
        Class ids of strokes; a class is made for those in neither list.
    """
    found = {info.id: info for info in known}
    found.update({info.id: info for info in given})
    for class_id in painted:
        found.setdefault(class_id, ClassInfo(class_id))
    return tuple(found.values())
