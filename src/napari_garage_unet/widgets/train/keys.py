"""Keys that work while the dock is open, whatever layer is active.

1 to 9 pick up the brush of a class, 0 the eraser; H hides the preview while it is held
down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from napari.layers import Layer

from napari_garage_unet.session import Session

CLASS_KEYS = "123456789"

ERASER_KEY = "0"

HIDE_PREVIEW_KEY = "H"
"""Free in napari, for the viewer as for Labels layers."""


class ClassKeys:
    """Bindings of the keys in the viewer and in the active layer.

    napari looks for a binding in the active layer before the viewer, and most kinds of
    layers have their own on the number keys; so both are bound, and the bindings move
    with the active layer. `release` restores the former ones.

    Parameters
    ----------
    session
        Session of the viewer.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of_viewer: list[tuple[Any, str, Callable[..., Any] | None]] = []
        self._of_layer: list[tuple[Any, str, Callable[..., Any] | None]] = []
        self._layer: Layer | None = None

    def bind(self) -> None:
        """Bind the keys, unless they are bound."""
        if self._of_viewer:
            return
        viewer = self._session.viewer
        self._of_viewer = self._bind_numbers(viewer)
        before = viewer.bind_key(HIDE_PREVIEW_KEY, self._hide_preview, overwrite=True)
        self._of_viewer.append((viewer, HIDE_PREVIEW_KEY, before))
        viewer.layers.selection.events.active.connect(self._on_active)
        self._on_active()

    def release(self) -> None:
        """Restore the former bindings."""
        if not self._of_viewer:
            return
        viewer = self._session.viewer
        viewer.layers.selection.events.active.disconnect(self._on_active)
        _restore(self._of_viewer)
        _restore(self._of_layer)
        self._layer = None

    def _on_active(self, event: Any = None) -> None:
        layer = self._session.viewer.layers.selection.active
        if layer is self._layer:
            return
        _restore(self._of_layer)
        self._layer = layer
        if layer is not None:
            self._of_layer = self._bind_numbers(layer)

    def _bind_numbers(
        self, provider: Any
    ) -> list[tuple[Any, str, Callable[..., Any] | None]]:
        """Bind the number keys; return what they were bound to."""
        actions = {key: self._action(int(key)) for key in CLASS_KEYS}
        actions[ERASER_KEY] = self._erase
        return [
            (provider, key, provider.bind_key(key, action, overwrite=True))
            for key, action in actions.items()
        ]

    def _hide_preview(self, _: Any) -> Iterator[None]:
        """Hide the preview until the key is released."""
        session = self._session
        session.preview.compare(session.images.current, hide=True)
        yield
        session.preview.compare(None, hide=False)

    def _erase(self, _: Any) -> None:
        """Erase strokes."""
        self._session.erase()

    def _action(self, class_id: int) -> Callable[[Any], None]:
        session = self._session

        def pick(_: Any) -> None:
            if class_id in session.classes:
                session.paint(class_id)

        pick.__doc__ = f"Paint class {class_id}."
        return pick


def _restore(bound: list[tuple[Any, str, Callable[..., Any] | None]]) -> None:
    for provider, key, before in bound:
        provider.bind_key(key, None)
        if before is not None:
            provider.bind_key(key, before)
    bound.clear()
