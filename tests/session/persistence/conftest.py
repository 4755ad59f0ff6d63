"""Several sessions after each other, as napari is started again."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from synchronous_engine import SynchronousEngine

from napari_garage_unet.session import close_session, get_session


@pytest.fixture
def start(halves):
    """Start napari with some images and a session."""
    viewers = []

    def begin(*names, data=None):
        viewer = ViewerModel()
        viewers.append(viewer)
        session = get_session(viewer, make_client=SynchronousEngine)
        session.real_viewer = viewer
        for name in names:
            pixels = halves.copy() if data is None else data
            pixels[0, 0] = sum(map(ord, name)) % 251
            viewer.add_image(pixels, name=name)
        return session

    yield begin
    for viewer in viewers:
        close_session(viewer)
