"""All that a network has learnt, apart from the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .decoder_state import DecoderState


@dataclass(frozen=True, slots=True, eq=False)
class NetworkState:
    """What makes one network predict as another one does.

    Parameters
    ----------
    weights
        Trained weights by name. Only the order of the sorted names counts; it is the
        order in which the network makes its weights.
    decoder
        Settings of a pretrained network; None for a plain one, which has none.
    """

    weights: Mapping[str, NDArray[Any]]
    decoder: DecoderState | None = None
