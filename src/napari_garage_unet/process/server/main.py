"""The engine process: ``python -m napari_garage_unet.process.server.main ADDRESS``.

Reads the key of the connection from standard input, connects, loads TensorFlow and
does what the viewer asks for. Ends when it is asked to, and by itself when the viewer
is gone.
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

GRACE = 0.7
"""How many seconds the turn that is running may take when the process is to end."""

VIEWER_EXITS = 2.0
"""How many seconds after its connection a killed viewer is gone at the latest."""


class _Exit:
    """Ends the process; whichever thread comes first does it."""

    def __init__(self, desk: ImageRegistry) -> None:
        self._desk = desk
        self._viewer = os.getppid()
        self._asked = False
        self._idle = threading.Event()

    def when_idle(self, asked: bool) -> NoReturn:
        """End as soon as the main thread is at rest, and soon even if it is not."""
        self._asked = asked
        self._idle.wait(GRACE)
        self.now()

    def rest(self) -> NoReturn:
        """Leave the rest to the receiving thread."""
        self._idle.set()
        while True:
            time.sleep(60)

    def now(self) -> NoReturn:
        """Remove what a killed viewer could not remove, and end."""
        try:
            if not self._asked and self._viewer_is_gone():
                self._desk.remove_leftovers()
        finally:
            # Not sys.exit: TensorFlow's threads may be at work.
            os._exit(0)

    def _viewer_is_gone(self) -> bool:
        if sys.platform == "win32":
            return False  # Windows removes shared memory that nobody has open.
        end = time.monotonic() + VIEWER_EXITS
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
    desk, outbox = ImageRegistry(), Outbox(connection)
    end = _Exit(desk)
    inbox = Inbox(connection, desk, outbox, on_end=end.when_idle)
    inbox.open()
    try:
        from .scheduler import Loop
    except Exception:  # noqa: BLE001 - any reason is one, and the viewer shows it
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(NO_TENSORFLOW)
    Loop(inbox, desk, outbox).run()
    end.rest()


if __name__ == "__main__":
    main(sys.argv[1])
