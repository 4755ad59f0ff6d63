"""Settings as frozen dataclasses with titles and limits, and their JSON form.

Each room keeps its settings in a dataclass of its own. Docks build forms from `title`
and `help` of the fields, model files store the values as JSON, and the command line and
Python use the same objects.
"""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from .errors import InputError

T = TypeVar("T")


def setting(default: Any, title: str, help: str, **limits: float) -> Any:
    """Declare a dataclass field that a form can show.

    Parameters
    ----------
    default
        Default value.
    title, help
        Label and tooltip of the field in a form.
    **limits
        Smallest and largest allowed value, ``min`` and ``max``; `check_limits` compares
        the value with them.

    Returns
    -------
    dataclasses.Field
        Typed as Any, as `dataclasses.field` is, so that it can be assigned to a field
        of any type.
    """
    return field(default=default, metadata={"title": title, "help": help, **limits})


def check_limits(config: Any) -> None:
    """Check types and limits of the fields of a settings dataclass.

    Parameters
    ----------
    config
        Instance of a dataclass whose fields are declared with `setting`.

    Raises
    ------
    InputError
        If a value has another type than its field or lies outside its limits.
    """
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
    """Return the values of a settings dataclass as JSON values, by field name."""
    return dataclasses.asdict(config)


def from_json(cls: type[T], values: dict[str, Any]) -> T:
    """Make a settings dataclass from JSON values.

    Unknown settings are an error, because a model that ignores one of its settings
    computes other results than the version that saved it.

    Parameters
    ----------
    cls
        The dataclass.
    values
        JSON values by field name. Missing fields get their defaults, and integers
        become floats where the field is a float.

    Returns
    -------
    cls

    Raises
    ------
    InputError
        If a setting is unknown or missing, has the wrong type or lies outside its
        limits.
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
    """Whether a value has the type of a field; bool is no integer here."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    options = get_args(hint) or (hint,)
    if isinstance(value, bool):
        return bool in options
    if isinstance(value, int) and float in options:
        return True
    return isinstance(value, tuple(o for o in options if isinstance(o, type)))
