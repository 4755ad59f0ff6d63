"""Messages between the viewer and the engine process.

Small frozen dataclasses. Arrays travel in shared memory; a message holds a
`SharedArray` that describes one. Requests go from the viewer to the engine, events
come back. Each request has an ``id`` and gets exactly one `Answer` with that ``id``.
This is over 300 lines because it lists all messages in one place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from napari_garage_unet.engine.learning.events import StopReason

LIVE = "live"
"""Key of the model that is being trained; every other key is the path of a file."""


@dataclass(frozen=True, slots=True)
class SharedArray:
    """An array in shared memory: name of the segment, shape and dtype string.

    Without a segment (its name is empty) it is an array that is not shared as a whole.
    """

    segment: str
    shape: tuple[int, ...]
    dtype: str


# -- requests ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenImage:
    """Open an image under a key; the engine reads its array in shared memory.

    Where the array has no segment, its planes come one by one, see `SetPlane`.

    ``axes`` is one letter of "tzyxc" per axis, ``spacing`` the size of a pixel along
    each spatial axis. ``nodata`` is the value that stands for no data, ``mask`` a bool
    array of the spatial shape that is False where there is none; it is copied before
    the answer, which is `Done`.
    """

    id: int
    key: str
    array: SharedArray
    axes: str
    spacing: tuple[float, ...]
    name: str
    nodata: float | None = None
    mask: SharedArray | None = None


@dataclass(frozen=True, slots=True)
class CloseImage:
    """Close an image and drop what was computed from it. Answered with `Done`."""

    id: int
    key: str


@dataclass(frozen=True, slots=True)
class SetPlane:
    """Give the engine a plane of an image that was opened without an array.

    ``plane`` is its position along the axes that number planes. The array has the
    image's other axes, in their order; the engine reads it in shared memory until
    `DropPlane` or `CloseImage` is answered. Answered with `Done`.
    """

    id: int
    key: str
    plane: tuple[int, ...]
    array: SharedArray


@dataclass(frozen=True, slots=True)
class DropPlane:
    """Take a plane of an image back. Answered with `Done`."""

    id: int
    key: str
    plane: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetStrokes:
    """Replace the strokes of an image, all of them or those in a box.

    The array is copied before the answer, which is `Done`. During training the new
    strokes are learnt from the next step on.

    ``box`` is ``(start, stop)`` along each axis of the strokes; None stands for all
    of them. A box is a change of the strokes that the `SetStrokes` with the id
    ``follows`` has brought, and of no others: where the engine has others, because a
    message was lost or refused, it changes nothing and answers `StrokesNeeded`.

    With ``positions`` the array holds all strokes, but of the first axis only these
    positions; nothing is painted elsewhere.
    """

    id: int
    key: str
    array: SharedArray
    box: tuple[tuple[int, int], ...] | None = None
    follows: int = 0
    positions: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Train:
    """Start training the live model on the images with these keys.

    ``classes``, ``preprocess``, ``network`` and ``training`` are the JSON forms of
    the engine's settings. With ``resume`` training continues with the weights of the
    live model; ``start_from`` is the path of a model file to start from instead.
    ``checkpoint`` is the path of a file that training keeps up to date, for recovery
    after a crash. ``made_for`` is the JSON form of what the model will say of its
    images. The answer is `Trained`, after `Progress` events, or `Failed`.
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
    made_for: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """End training after the current step. Answered with `Done`."""

    id: int


@dataclass(frozen=True, slots=True)
class Predict:
    """Compute probabilities of a plane, or of a box in it, between training steps.

    ``result`` is the ``(n_classes, h, w)`` uint8 array to fill (255 is certain). It
    may have more rows than the model has classes; the rest of it is left alone.
    ``box`` is ``(y0, y1, x0, x1)`` in pixels of the plane, None for all of it. Only
    every ``pixel_step``-th pixel of it is computed, along both axes; the box begins at
    multiples of it. The answer is `Predicted`.
    """

    id: int
    model: str
    key: str
    plane: tuple[int, ...]
    result: SharedArray
    box: tuple[int, int, int, int] | None = None
    pixel_step: int = 1


@dataclass(frozen=True, slots=True)
class Cancel:
    """Drop a `Predict` that is not answered yet; it is answered with `Failed`.

    Answered with `Done`, also if there is no such `Predict`.
    """

    id: int
    request: int


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Load a model file. The answer is `ModelReady`."""

    id: int
    path: str


@dataclass(frozen=True, slots=True)
class SaveModel:
    """Write the live model, or a loaded one, to a file.

    ``rules`` maps class ids to the JSON form of the engine's class rules, ``presets``
    maps names to such rules; None keeps those of the model. ``classes`` holds the
    JSON form of classes whose names or colours changed since training. The answer is
    `ModelReady` with the path as its key.
    """

    id: int
    model: str
    path: str
    rules: dict[str, dict[str, Any]] | None = None
    classes: tuple[dict[str, Any], ...] = ()
    presets: dict[str, dict[str, dict[str, Any]]] | None = None


@dataclass(frozen=True, slots=True)
class UseModel:
    """Make a model file the live model; the next training resumes from it.

    ``step`` is the step that its predictions carry, at least 1. Refused while training
    runs. The answer is `ModelReady`.
    """

    id: int
    path: str
    step: int


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End the process. The only request without an answer."""

    id: int


Request = (
    OpenImage
    | CloseImage
    | SetPlane
    | DropPlane
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
    """The engine has loaded and takes requests.

    ``device`` is the name of the device that computes and ``note`` why it is no GPU,
    as sentences to display; ``versions`` maps libraries to versions.
    """

    device: str
    versions: dict[str, str]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Warm:
    """The engine has traced its network, so that training starts without delay."""

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
    when too few strokes are painted to hold any out. ``best`` is whether this is the
    best state so far. ``seconds`` counts from the start of training. ``strokes`` is
    the id of the newest `SetStrokes` that was learnt from.
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
    too few strokes to hold any out, or it ended before the first check. ``classes`` are
    the class ids of the model: those that were painted at the end, which need not be
    those that training began with.
    """

    id: int
    reason: StopReason
    steps: int
    seconds: float
    validated: bool
    classes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Predicted:
    """Probabilities have been written.

    ``step`` is the training step of the live model, 0 for a model file. ``classes``
    are the class ids of the rows that were written, in their order. ``strokes`` is the
    id of the newest `SetStrokes` the model has learnt from.
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

    ``message`` is one sentence to display, ``details`` a traceback or empty. ``id`` is
    None when the error belongs to no request. ``cancelled`` is whether the request was
    withdrawn by `Stop` or `Cancel`, ``unreadable`` whether a plane of the image cannot
    be read, so that the same may be possible for others.
    """

    id: int | None
    message: str
    details: str = ""
    cancelled: bool = False
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Died:
    """The process has ended without being asked to. Sent by the client itself."""

    message: str
    details: str = ""


Answer = Done | StrokesNeeded | Trained | Predicted | ModelReady | Failed
"""The events that answer a request; a `Failed` without an id answers none."""

Event = Answer | Ready | Warm | Progress | Died
