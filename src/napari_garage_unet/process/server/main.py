"""The engine process: ``python -m napari_garage_unet.process.server.main ADDRESS``.

Reads the key of the connection from standard input, connects, loads TensorFlow and
carries out the viewer's requests. Ends on request, and by itself when the viewer is
gone.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from multiprocessing.connection import Client
from typing import NoReturn

from napari_garage_unet.process.protocol.explain import NO_TENSORFLOW

from .images import ImageRegistry
from .priority import lower_priority
from .transport import Inbox, Outbox

logger = logging.getLogger(__name__)

MAX_LAST_TURN_SECONDS = 0.7
"""Seconds that the present turn may still take when the process is to end."""

MAX_VIEWER_EXIT_SECONDS = 2.0
"""Seconds after which a killed viewer has exited, from the end of its connection."""


class _Exit:
    """Ends the process, from the thread that comes to it first."""

    def __init__(self, images: ImageRegistry) -> None:
        self._images = images
        self._viewer = os.getppid()
        self._asked = False
        self._idle = threading.Event()

    def when_idle(self, asked: bool) -> NoReturn:
        """End when the main thread rests, or after `MAX_LAST_TURN_SECONDS`."""
        self._asked = asked
        self._idle.wait(MAX_LAST_TURN_SECONDS)
        self.now()

    def rest(self) -> NoReturn:
        """Let the receiving thread end the process."""
        self._idle.set()
        while True:
            time.sleep(60)

    def now(self) -> NoReturn:
        """Remove shared memory that a killed viewer has left, and end."""
        try:
            if not self._asked and self._viewer_is_gone():
                self._images.remove_leftovers()
        finally:
            # Not sys.exit: TensorFlow's threads may be at work.
            os._exit(0)

    def _viewer_is_gone(self) -> bool:
        if sys.platform == "win32":
            return False  # Windows removes shared memory that is open nowhere.
        end = time.monotonic() + MAX_VIEWER_EXIT_SECONDS
        while os.getppid() == self._viewer:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True


def main(address: str) -> NoReturn:
    """Serve the viewer that listens at an address."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    lower_priority()
    key = sys.stdin.buffer.readline().strip()
    family = "AF_PIPE" if os.name == "nt" else "AF_UNIX"
    connection = Client(address, family, authkey=key)
    images, outbox = ImageRegistry(), Outbox(connection)
    end = _Exit(images)
    inbox = Inbox(connection, images, outbox, on_end=end.when_idle)
    inbox.open()
    try:
        from .scheduler import Scheduler
    except Exception:  # noqa: BLE001 - whatever it is, the viewer shows it
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(NO_TENSORFLOW)
    Scheduler(inbox, images, outbox).run()
    end.rest()


if __name__ == "__main__":
    main(sys.argv[1])
