"""Named sets of rules that are saved with a model.

A preset has a rule for every class: thresholds, sizes, splitting. With several presets
one model serves images that need different values, such as two exposures or two
magnifications.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_garage_unet.engine.errors import InputError

from .rules import ClassRule

RuleMap = Mapping[int, ClassRule]
"""Rules by class id; other classes have the default rule."""

Presets = Mapping[str, RuleMap]
"""Rules by class id, by the name of the preset."""

MAX_NAME_CHARACTERS = 60
"""Length of the longest name of a preset, in characters."""


def check_name(name: str) -> str:
    """Return the name of a preset without white space around it.

    Raises
    ------
    InputError
        If it is empty, too long or not printable in one line.
    """
    name = name.strip()
    if not name:
        raise InputError("A preset needs a name; type one.")
    if len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise InputError(
            "A name of a preset is one line of at most "
            f"{MAX_NAME_CHARACTERS} characters."
        )
    return name


def find_preset(presets: Presets, name: str) -> RuleMap:
    """Return the rules of a preset.

    Raises
    ------
    InputError
        If there is no preset with this name.
    """
    if name in presets:
        return presets[name]
    if not presets:
        raise InputError(f"There is no preset {name!r}; this model has none.")
    known = ", ".join(repr(other) for other in sorted(presets))
    raise InputError(f"There is no preset {name!r}; this model has {known}.")


def presets_to_json(presets: Presets) -> dict[str, dict[str, dict[str, Any]]]:
    """Return presets as JSON values, by name and class id."""
    return {
        name: {str(i): rule.to_json() for i, rule in rules.items()}
        for name, rules in presets.items()
    }


def presets_from_json(values: Mapping[str, Any]) -> dict[str, dict[int, ClassRule]]:
    """Return presets from their JSON values.

    Raises
    ------
    InputError
        If a name or a rule is not valid.
    """
    return {
        check_name(name): {
            int(i): ClassRule.from_json(rule) for i, rule in rules.items()
        }
        for name, rules in values.items()
    }
