from __future__ import annotations

import dataclasses
import pickle
from typing import get_args

import pytest

from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.process.protocol.messages import Event, Request, SharedArray

EXAMPLES = {
    "int": 3,
    "str": "text",
    "bool": True,
    "StopReason": StopReason.SETTLED,
    "float": 0.5,
    "SharedArray": SharedArray("garage_x", (2, 3), "|u1"),
    "SharedArray | None": SharedArray("garage_y", (2, 3), "|b1"),
    "tuple[float, ...]": (1.0, 2.0),
    "tuple[int, ...]": (1, 2),
    "tuple[str, ...]": ("a", "b"),
    "tuple[dict[str, Any], ...]": ({"id": 1, "name": "wheel"},),
    "dict[str, Any]": {"seconds": 3.0},
    "dict[str, str]": {"keras": "3"},
    "dict[str, dict[str, Any]]": {"1": {"threshold": 0.4}},
    "dict[str, dict[str, Any]] | None": {"1": {"threshold": 0.4}},
    "dict[str, dict[str, dict[str, Any]]] | None": {"sure": {"1": {"min_size": 3}}},
    "tuple[int, int, int, int] | None": (0, 1, 2, 3),
    "tuple[tuple[int, int], ...] | None": ((0, 1), (2, 3)),
    "str | None": None,
    "int | None": 4,
    "float | None": 0.25,
    "tuple[int, ...] | None": (3, 250),
}


@pytest.mark.parametrize("kind", [*get_args(Request), *get_args(Event)])
def test_a_message_arrives_as_it_was_sent_and_cannot_be_changed(kind: type) -> None:
    fields = dataclasses.fields(kind)
    message = kind(*(EXAMPLES[str(field.type)] for field in fields))
    arrived = pickle.loads(pickle.dumps(message))
    assert arrived == message
    assert type(arrived) is kind
    assert not hasattr(arrived, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(arrived, fields[0].name, None)


def test_every_request_has_a_number() -> None:
    for kind in get_args(Request):
        assert dataclasses.fields(kind)[0].name == "id", kind
