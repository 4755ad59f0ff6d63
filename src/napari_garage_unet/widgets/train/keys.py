"""Keys that work as long as a dock is open.

1 to 9 pick up the brush of a class; H, held down, hides the preview.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from napari.layers import Labels

from napari_garage_unet.session import Session

KEYS = "123456789"

COMPARE = "H"
"""Not taken by napari, neither for the viewer nor for Labels layers."""


class ClassKeys:
    """Binds the number keys in the viewer and in the strokes layer.

    A Labels layer has bindings of its own on these keys, and the active layer is asked
    before the viewer, so both are bound; what was bound before comes back.

    Parameters
    ----------
    session
        The session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bound: list[tuple[Any, str, Callable[..., Any] | None]] = []
        self._layer: Labels | None = None

    def bind(self) -> None:
        """Take the keys; called again when the strokes layer is another."""
        current = self._session.images.current
        layer = current.strokes if current else None
        if self._bound and layer is self._layer:
            return
        self.release()
        self._layer = layer
        for provider in (self._session.viewer, layer):
            if provider is None:
                continue
            for key in KEYS:
                before = provider.bind_key(key, self._action(int(key)), overwrite=True)
                self._bound.append((provider, key, before))
        viewer = self._session.viewer
        before = viewer.bind_key(COMPARE, self._compare, overwrite=True)
        self._bound.append((viewer, COMPARE, before))

    def release(self) -> None:
        """Give the keys back."""
        for provider, key, before in self._bound:
            provider.bind_key(key, None)
            if before is not None:
                provider.bind_key(key, before)
        self._bound.clear()
        self._layer = None

    def _compare(self, _: Any) -> Iterator[None]:
        """Hide the preview as long as the key is held down."""
        session = self._session
        session.preview.compare(session.images.current, hide=True)
        yield
        session.preview.compare(None, hide=False)

    def _action(self, class_id: int) -> Callable[[Any], None]:
        session = self._session

        def pick(_: Any) -> None:
            if class_id in session.classes:
                session.paint(class_id)

        pick.__doc__ = f"Paint class {class_id}."
        return pick
