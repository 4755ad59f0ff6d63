"""What went wrong with some of several images, in one message."""

from __future__ import annotations

import dataclasses

from napari_garage_unet.process.protocol.messages import Failed


class Failures:
    """The images that could not be segmented, and why.

    Parameters
    ----------
    n_images
        Number of images that are segmented together.
    """

    def __init__(self, n_images: int) -> None:
        self._n_images = n_images
        self._reasons: dict[str, str] = {}

    def add(self, name: str, event: Failed) -> Failed:
        """Add a failure; return it with a message that names all that failed so far.

        Where there is one image, its message stays as it is.
        """
        if self._n_images == 1:
            return event
        self._reasons.setdefault(name, event.message)
        said = [
            f"{name!r} could not be segmented: {reason}"
            for name, reason in self._reasons.items()
        ]
        return dataclasses.replace(event, message=" ".join(said))
