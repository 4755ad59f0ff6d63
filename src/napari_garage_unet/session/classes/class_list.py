"""The classes of a session: those that were named, and those that were painted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.palette import color_for
from napari_garage_unet.engine.errors import InputError

MAX_CLASS_ID = 255
"""The largest id an 8-bit strokes layer can hold."""


class ClassList:
    """Classes in the order of their ids; painted ids are added by `follow`.

    At most one class is marked as background.

    Attributes
    ----------
    changed
        Classes, names, colours or the background mark are others.
    n_most
        The largest number of classes there were at a time; the model may still have
        as many.
    """

    changed = Signal()

    def __init__(self) -> None:
        self._classes: dict[int, ClassInfo] = {}
        self._removed: set[int] = set()
        self.n_most = 0

    def __iter__(self) -> Iterator[ClassInfo]:
        return iter([self._classes[i] for i in sorted(self._classes)])

    def __len__(self) -> int:
        return len(self._classes)

    def __contains__(self, class_id: int) -> bool:
        return class_id in self._classes

    def __getitem__(self, class_id: int) -> ClassInfo:
        return self._classes[class_id]

    @property
    def background(self) -> ClassInfo | None:
        """The class that stands for nothing of interest; None when none is marked."""
        return next((info for info in self if info.background), None)

    def start(self) -> None:
        """Add a background and one class, unless there are classes already."""
        if self._classes:
            return
        self._set(
            [
                ClassInfo(1, "background", color_for(1), background=True),
                ClassInfo(2, "class 2", color_for(2)),
            ]
        )

    def add(self) -> ClassInfo:
        """Add a class with the lowest free id.

        Raises
        ------
        InputError
            If all ids of an 8-bit layer are taken.
        """
        free = next((i for i in range(1, MAX_CLASS_ID + 1) if i not in self), None)
        if free is None:
            raise InputError(
                f"There are {MAX_CLASS_ID} classes already; use one of them."
            )
        info = ClassInfo(free, f"class {free}", color_for(free))
        self._set([info])
        return info

    def remove(self, class_id: int) -> None:
        """Remove a class; it is added again when its id is painted."""
        if self._classes.pop(class_id, None) is not None:
            self._removed.add(class_id)
            self.changed.emit()

    def rename(self, class_id: int, name: str) -> None:
        """Rename a class; with an empty name it is shown by its number.

        Raises
        ------
        InputError
            If another class has that name.
        """
        name = name.strip()
        for info in self:
            if info.name == name and info.id != class_id:
                raise InputError(
                    f"Class {info.id} is called {name!r} already; choose another name."
                )
        self._set([dataclasses.replace(self._classes[class_id], name=name)])

    def set_background(self, class_id: int | None) -> None:
        """Mark a class as background, and no other; None marks no class."""
        self._set(
            [dataclasses.replace(info, background=info.id == class_id) for info in self]
        )

    def recolor(self, colors: Mapping[int, str]) -> None:
        """Replace the colours of classes, by id."""
        self._set(
            [
                dataclasses.replace(self._classes[i], color=color)
                for i, color in colors.items()
                if i in self
            ]
        )

    def follow(self, painted: Iterable[int]) -> None:
        """Add a class for each painted id that has none."""
        self._set(
            [
                ClassInfo(i, f"class {i}", color_for(i))
                for i in painted
                if i not in self._classes and i >= 1
            ]
        )

    def follow_model(self, ids: Iterable[int]) -> None:
        """Add the classes of a model, but not those that were removed.

        A model has a class that was removed until it has learnt again.
        """
        self.follow(i for i in ids if i not in self._removed)

    def leave_out(self, ids: Iterable[int]) -> None:
        """Take the classes of a restored model that are not listed for removed ones.

        Where none is listed at all, nobody has removed one.
        """
        if self._classes:
            self._removed.update(i for i in ids if i not in self._classes)

    def adopt(self, classes: Iterable[ClassInfo]) -> None:
        """Take over classes with names, colours and background, of a layer or model."""
        classes = list(classes)
        if any(info.background for info in classes):
            self._classes = {
                info.id: dataclasses.replace(info, background=False) for info in self
            }
        self._set(classes)

    def restrict_to(self, ids: Iterable[int]) -> tuple[ClassInfo, ...]:
        """Return the classes with these ids, in the order of the ids."""
        wanted = set(ids)
        return tuple(info for info in self if info.id in wanted)

    def _set(self, classes: Iterable[ClassInfo]) -> None:
        before = dict(self._classes)
        self._classes |= {info.id: info for info in classes}
        self._removed -= set(self._classes)
        self.n_most = max(self.n_most, len(self._classes))
        if self._classes != before:
            self.changed.emit()
