"""Keys that work while the dock is open.

1 to 9 pick up the brush of a class; H hides the preview while it is held down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from napari.layers import Labels

from napari_garage_unet.session import Session

CLASS_KEYS = "123456789"

HIDE_PREVIEW_KEY = "H"
"""Free in napari, for the viewer as for Labels layers."""


class ClassKeys:
    """Bindings of the keys in the viewer and in the strokes layer.

    napari looks for a binding in the active layer before the viewer, and Labels layers
    have their own on the number keys; so both are bound. `release` restores the former
    bindings.

    Parameters
    ----------
    session
        Session of the viewer.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bound: list[tuple[Any, str, Callable[..., Any] | None]] = []
        self._layer: Labels | None = None

    def bind(self) -> None:
        """Bind the keys; again when the strokes layer is another one."""
        current = self._session.images.current
        layer = current.strokes if current else None
        if self._bound and layer is self._layer:
            return
        self.release()
        self._layer = layer
        for provider in (self._session.viewer, layer):
            if provider is None:
                continue
            for key in CLASS_KEYS:
                before = provider.bind_key(key, self._action(int(key)), overwrite=True)
                self._bound.append((provider, key, before))
        viewer = self._session.viewer
        before = viewer.bind_key(HIDE_PREVIEW_KEY, self._hide_preview, overwrite=True)
        self._bound.append((viewer, HIDE_PREVIEW_KEY, before))

    def release(self) -> None:
        """Restore the former bindings."""
        for provider, key, before in self._bound:
            provider.bind_key(key, None)
            if before is not None:
                provider.bind_key(key, before)
        self._bound.clear()
        self._layer = None

    def _hide_preview(self, _: Any) -> Iterator[None]:
        """Hide the preview until the key is released."""
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
