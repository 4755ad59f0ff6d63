"""Fingerprints of images."""

from __future__ import annotations

import dask.array as da
import numpy as np

from napari_garage_unet.session.persistence.fingerprint import fingerprint


def test_fingerprints_tell_images_apart_and_know_them_again():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (300, 400, 3)).astype(np.uint8)
    known = fingerprint(image, rgb=True)
    assert fingerprint(image.copy(), rgb=True) == known
    assert fingerprint(np.asfortranarray(image), rgb=True) == known
    others = [image[::-1], image[:, :-1], image.astype(np.uint16)]
    assert known not in [fingerprint(other, rgb=True) for other in others]
    assert fingerprint(image) != known  # the same pixels as a stack
    lazy = da.from_array(image, chunks=(100, 100, 3))
    assert fingerprint(lazy, rgb=True) == fingerprint(
        da.from_array(image, chunks=(50, 400, 3)), rgb=True
    )
    tiny = fingerprint(np.zeros((1, 1)))
    assert len(tiny) == 32
