"""The settings of a model and of its training, and their JSON form.

Each group is a frozen dataclass whose fields describe themselves: the docks build
their forms from `title` and `help`, a model file stores the values, and the command
line and Python use the same objects.
"""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from .errors import InputError

T = TypeVar("T")


def setting(default: Any, title: str, help: str, **limits: float) -> Any:
    """Declare a dataclass field that can be shown in a form.

    Parameters
    ----------
    default
        Value used when nobody chooses.
    title, help
        Label and tooltip.
    **limits
        ``min`` and ``max``, both included; checked when the object is made.
    """
    return field(default=default, metadata={"title": title, "help": help, **limits})


def check_limits(config: Any) -> None:
    """Raise `InputError` where a field lies outside its limits or has another type."""
    hints = get_type_hints(type(config))
    for f in dataclasses.fields(config):
        value = getattr(config, f.name)
        title = f.metadata.get("title", f.name)
        if not _fits(value, hints[f.name]):
            raise InputError(f"{title} cannot be {value!r}.")
        low, high = f.metadata.get("min"), f.metadata.get("max")
        if value is None or isinstance(value, (str, bool)):
            continue
        if (low is not None and not value >= low) or (
            high is not None and not value <= high
        ):
            bounds = f"from {low}" + (f" to {high}" if high is not None else " upwards")
            raise InputError(f"{title} can be {bounds}, not {value}.")


def to_json(config: Any) -> dict[str, Any]:
    """Turn a settings dataclass into JSON values."""
    return dataclasses.asdict(config)


def from_json(cls: type[T], values: dict[str, Any]) -> T:
    """Make a settings dataclass from JSON values.

    Settings this version does not know are refused, because leaving one out would
    give other results than the model was made with.

    Raises
    ------
    InputError
        If a setting is unknown, of the wrong type or out of its limits.
    """
    hints = get_type_hints(cls)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise InputError(
            f"The settings {', '.join(unknown)} are unknown to this version of "
            "napari-garage-unet; update the plugin."
        )
    kwargs: dict[str, Any] = {}
    for name, value in values.items():
        hint = hints[name]
        if isinstance(value, int) and not isinstance(value, bool) and hint is float:
            value = float(value)
        if not _fits(value, hint):
            raise InputError(f"The setting {name} cannot be {value!r}.")
        kwargs[name] = value
    try:
        return cls(**kwargs)
    except TypeError as error:
        raise InputError(f"The settings are incomplete: {error}.") from error


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    options = get_args(hint) or (hint,)
    if isinstance(value, bool):
        return bool in options
    if isinstance(value, int) and float in options:
        return True
    return isinstance(value, tuple(o for o in options if isinstance(o, type)))
