"""One run of the engine process, from its start to its end.

Three daemon threads serve it, so that the viewer never waits: one receives events, one
sends requests, and one keeps the last lines that the process prints.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

from napari_garage_unet.process.protocol.messages import Event, Request, Shutdown

from .launch import start_process

logger = logging.getLogger(__name__)

MAX_LOG_BYTES = 16_384
"""Length of the end of the engine's output that is kept for the details of an error."""

MAX_SOCKET_PATH_BYTES = 100
"""The limit of the path of a socket is 103 bytes on macOS and 107 on Linux."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The end of a process: exit code, None if it was killed, and last lines."""

    code: int | None
    log: str


class EngineChild:
    """An engine process that was started, and the messages to and from it.

    Parameters
    ----------
    command
        Command line, to which the address to connect to is added. The process reads
        the key of the connection from its standard input, which is private.

    Attributes
    ----------
    incoming
        Events in the order they came, and `Gone` as the last item.

    Raises
    ------
    OSError
        If the process cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.incoming: deque[Event | Gone] = deque()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._owner = os.getpid()
        self._log = b""
        self._connected = False
        self._ended = threading.Event()
        self._closing = threading.Event()
        self._close_lock = threading.Lock()
        key = secrets.token_hex(32).encode()
        self._folder, self._address, family = _private_address()
        try:
            self._listener = Listener(self._address, family, authkey=key)
            try:
                self._process = start_process([*command, self._address])
            except OSError:
                self._listener.close()
                raise
        except OSError:
            self._forget_address()
            raise
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # The process may have died already.
            self._process.stdin.write(key + b"\n")
            self._process.stdin.close()
        self._threads = [
            threading.Thread(target=task, name=f"garage engine {name}", daemon=True)
            for name, task in (("receives", self._receive), ("prints", self._watch))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return not self._ended.is_set() and self._process.poll() is None

    @property
    def log(self) -> str:
        """The last lines that the process has printed."""
        return self._log.decode(errors="replace").strip()

    def send(self, request: Request) -> None:
        """Send a request once the process has connected; return at once."""
        # Pickled here, so that what cannot be pickled fails in the caller.
        self._outgoing.put(bytes(ForkingPickler.dumps(request)))

    def close(self, *, patience: float = 1.0) -> None:
        """End the process and reap it.

        Parameters
        ----------
        patience
            Seconds it has to end when asked; then it is killed.
        """
        if os.getpid() != self._owner:  # A forked copy of the viewer.
            return
        with self._close_lock:
            self._closing.set()
            if self._connected and self._process.poll() is None:
                self.send(Shutdown(0))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(patience)
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(1.0)

    def _receive(self) -> None:
        sender: threading.Thread | None = None
        try:
            connection = self._accept()
            if connection is None:
                return
            self._connected = True
            sender = threading.Thread(
                target=self._send_all,
                args=(connection,),
                name="garage engine sends",
                daemon=True,
            )
            sender.start()
            with connection, contextlib.suppress(EOFError, OSError):
                while True:
                    self.incoming.append(connection.recv())
        finally:
            self._outgoing.put(None)
            self.incoming.append(self._reap())
            self._ended.set()
            if sender is not None:
                sender.join(1.0)

    def _accept(self) -> Connection | None:
        """Wait for the process to connect; return None if it ends before that."""
        try:
            while self._process.poll() is None:
                with contextlib.suppress(AuthenticationError, EOFError, OSError):
                    return self._listener.accept()
            return None
        finally:
            self._listener.close()
            self._forget_address()

    def _send_all(self, connection: Connection) -> None:
        while (data := self._outgoing.get()) is not None:
            try:
                connection.send_bytes(data)
            except (OSError, ValueError) as error:
                # The process is gone, as the receiving thread finds out.
                logger.info("A request could not be sent: %s", error)
                return

    def _watch(self) -> None:
        """Keep what the process prints; end `_accept` if it ends without connecting."""
        assert self._process.stdout is not None
        with self._process.stdout as output:
            while chunk := output.read(65_536):
                self._log = (self._log + chunk)[-MAX_LOG_BYTES:]
        self._process.wait()
        # accept() cannot be interrupted, but it returns at a connection.
        with contextlib.suppress(OSError):
            Client(self._address).close()

    def _reap(self) -> Gone:
        try:
            code: int | None = self._process.wait(3.0)
        except subprocess.TimeoutExpired:
            # It has closed the connection but goes on running.
            self._process.kill()
            self._process.wait()
            code = None
        self._threads[1].join(1.0)
        return Gone(code, self.log)

    def _forget_address(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _private_address() -> tuple[Path | None, str, str]:
    """Make an address to listen at.

    Returns
    -------
    folder : Path or None
        Folder of the socket, which only this user may open; None on Windows.
    address, family : str
        Of the socket, or of a named pipe on Windows.
    """
    if os.name == "nt":
        return None, rf"\\.\pipe\napari-garage-unet-{secrets.token_hex(16)}", "AF_PIPE"
    folder = Path(tempfile.mkdtemp(prefix="garage-"))
    if len(os.fsencode(folder / "engine")) > MAX_SOCKET_PATH_BYTES:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="garage-", dir="/tmp"))
    return folder, str(folder / "engine"), "AF_UNIX"
