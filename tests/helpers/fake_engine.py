"""A child that speaks as the engine process does, without TensorFlow.

The path of a `LoadModel` tells it what to do; everything else is answered `Done`.
"""

import os
import sys
import time
from multiprocessing.connection import Client

from napari_garage_unet.process.protocol.messages import (
    Done,
    LoadModel,
    ModelReady,
    Progress,
    Ready,
    Shutdown,
    Train,
)


def main(address):
    key = sys.stdin.buffer.readline().strip()
    family = "AF_PIPE" if os.name == "nt" else "AF_UNIX"
    connection = Client(address, family, authkey=key)
    connection.send(Ready("a fake", {}))
    stubborn = False
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        if isinstance(request, Train):
            connection.send(Progress(request.id, 1, 0.0, 1.0))
            continue
        if isinstance(request, Shutdown):
            if stubborn:
                time.sleep(60)
            return
        if not isinstance(request, LoadModel):
            connection.send(Done(request.id))
            continue
        verb, _, rest = request.path.partition(" ")
        if verb == "exit":
            os.write(2, b"the reason for it\n")
            os._exit(int(rest))
        elif verb == "signal":
            os.kill(os.getpid(), int(rest))
        elif verb == "print":
            for number in range(int(rest)):
                os.write(1, f"line {number} {80 * '.'}\n".encode())
        elif verb == "sleep":
            time.sleep(float(rest))
        elif verb == "stubborn":
            stubborn = True
        connection.send(ModelReady(request.id, request.path, {}))


if __name__ == "__main__":
    main(sys.argv[1])
