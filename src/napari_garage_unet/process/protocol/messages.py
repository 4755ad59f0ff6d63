"""What the viewer and the engine process say to each other.

Small frozen dataclasses; arrays travel in shared memory and only their description
stands here. Requests go from the viewer to the engine, events come back. Whoever
sends a request with an ``id`` gets exactly one event with that ``id``: the answer, or
`Failed`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from napari_garage_unet.engine.learning.events import StopReason

LIVE = "live"
"""Key of the model that is being trained; every other key is a file's path."""


@dataclass(frozen=True, slots=True)
class SharedArray:
    """Where an array lies in shared memory: segment name, shape and dtype."""

    segment: str
    shape: tuple[int, ...]
    dtype: str


# -- requests ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenImage:
    """Make an image known under a key; the array is read where it lies."""

    id: int
    key: str
    array: SharedArray
    axes: str
    spacing: tuple[float, ...]
    name: str


@dataclass(frozen=True, slots=True)
class CloseImage:
    """Forget an image and what was computed of it."""

    id: int
    key: str


@dataclass(frozen=True, slots=True)
class SetStrokes:
    """Replace the strokes of an image, all of them or those in a box.

    The array is copied before the answer, which is `Done`. During training the new
    strokes are learnt from the next step on.

    ``box`` is ``(start, stop)`` along each axis of the strokes; None stands for all
    of them. A box is a change of the strokes that the `SetStrokes` with the id
    ``follows`` has brought, and of no others: where the engine has others, because a
    message was lost or refused, it changes nothing and answers `StrokesNeeded`.
    """

    id: int
    key: str
    array: SharedArray
    box: tuple[tuple[int, int], ...] | None = None
    follows: int = 0


@dataclass(frozen=True, slots=True)
class Train:
    """Start training the live model on every image that has strokes.

    ``classes``, ``preprocess``, ``network`` and ``training`` are the JSON forms of
    the engine's settings. With ``resume`` the live model goes on from what it has
    learnt; ``start_from`` names a model file to begin with instead. ``checkpoint``
    is a file that is kept up to date while training, for the case of a crash.
    The answer is `Trained`, after `Progress` events; `Failed` when it cannot begin.
    """

    id: int
    keys: tuple[str, ...]
    classes: tuple[dict[str, Any], ...]
    preprocess: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    resume: bool = False
    start_from: str | None = None
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """End training after the step that is running. Answered with `Done`."""

    id: int


@dataclass(frozen=True, slots=True)
class Predict:
    """Compute probabilities of a plane, or of a box in it, between training steps.

    ``result`` is the ``(n_classes, h, w)`` uint8 array to fill (255 is certain). It
    may have more rows than the model has classes; the rest of it is left alone.
    ``box`` is ``(y0, y1, x0, x1)`` in pixels of the plane, None for all of it. Only
    every ``step``-th pixel of it is computed, along both axes; the box begins at
    multiples of it. The answer is `Predicted`.
    """

    id: int
    model: str
    key: str
    plane: tuple[int, ...]
    result: SharedArray
    box: tuple[int, int, int, int] | None = None
    step: int = 1


@dataclass(frozen=True, slots=True)
class Cancel:
    """Drop a `Predict` that has not been answered; it is answered with `Failed`."""

    id: int
    request: int


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Load a model file. The answer is `ModelReady`."""

    id: int
    path: str


@dataclass(frozen=True, slots=True)
class SaveModel:
    """Write the live model, or a loaded one, to a file, with these thresholds.

    ``rules`` maps class ids to the JSON form of the engine's class rules, ``presets``
    names to the same; None leaves those of the model. ``classes`` says what classes
    are called now, where that has changed since training. The answer is `ModelReady`
    with the path as its key.
    """

    id: int
    model: str
    path: str
    rules: dict[str, dict[str, Any]] | None = None
    classes: tuple[dict[str, Any], ...] = ()
    presets: dict[str, dict[str, dict[str, Any]]] | None = None


@dataclass(frozen=True, slots=True)
class UseModel:
    """Make a model file the live model; training goes on from it.

    ``step`` is the state its predictions are said to be of, at least 1. Refused while
    training runs. The answer is `ModelReady`.
    """

    id: int
    path: str
    step: int


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End the process."""

    id: int


Request = (
    OpenImage
    | CloseImage
    | SetStrokes
    | Train
    | Stop
    | Predict
    | Cancel
    | LoadModel
    | SaveModel
    | UseModel
    | Shutdown
)


# -- events -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine has loaded and can be asked.

    For people to read: ``device`` says what computes, ``note`` why it is no GPU.
    """

    device: str
    versions: dict[str, str]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Warm:
    """The engine has traced its network and starts at once when asked to train."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Done:
    """A request without a result has been carried out."""

    id: int


@dataclass(frozen=True, slots=True)
class StrokesNeeded:
    """The box of a `SetStrokes` cannot be applied; all strokes are needed."""

    id: int
    key: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A training step.

    ``loss`` is the training loss; ``validation_loss`` and ``accuracy`` (share of the
    held-out stroke pixels that are right, 0 to 1) are None between validations and
    when too few strokes are painted to hold any out. ``best`` tells whether this is
    the state to keep. ``seconds`` counts from the start of training.
    ``strokes`` is the id of the newest `SetStrokes` that was learnt from.
    """

    id: int
    step: int
    seconds: float
    loss: float
    validation_loss: float | None = None
    accuracy: float | None = None
    best: bool = False
    strokes: int = 0


@dataclass(frozen=True, slots=True)
class Trained:
    """Training has ended; the live model is what it ended with.

    ``validated`` tells whether held-out strokes have checked it; otherwise there were
    too few strokes to hold any out.
    """

    id: int
    reason: StopReason
    steps: int
    seconds: float
    validated: bool


@dataclass(frozen=True, slots=True)
class Predicted:
    """Probabilities have been written.

    ``step`` is the state of the live model, 0 for a model file. ``classes`` are the
    class ids of the rows that were written, in their order. ``strokes`` is the id of
    the newest `SetStrokes` the model has learnt from.
    """

    id: int
    step: int
    seconds: float
    classes: tuple[int, ...] = ()
    strokes: int = 0


@dataclass(frozen=True, slots=True)
class ModelReady:
    """A model has been loaded or saved; ``info`` is its description as JSON."""

    id: int
    key: str
    info: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """A request could not be carried out, or the engine met an error of its own.

    ``message`` is for people; ``details`` (a traceback) stands behind a fold.
    ``id`` is None when the error belongs to no request.
    """

    id: int | None
    message: str
    details: str = ""
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Died:
    """Said by the client: the process has gone without being asked to."""

    message: str
    details: str = ""


Event = (
    Ready
    | Warm
    | Done
    | StrokesNeeded
    | Progress
    | Trained
    | Predicted
    | ModelReady
    | Failed
    | Died
)
