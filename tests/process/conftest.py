from __future__ import annotations

from collections.abc import Iterator

import pytest
from plain_viewer import FAKE_ENGINE, Viewer

from napari_garage_unet.process.client.client import EngineClient


@pytest.fixture
def fake() -> Iterator[Viewer]:
    """A viewer that has started a fake engine."""
    client = EngineClient(command=FAKE_ENGINE)
    client.start()
    yield Viewer(client)
    client.close()
