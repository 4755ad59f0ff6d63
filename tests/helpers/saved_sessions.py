"""What tests of saving and restoring have in common."""

from __future__ import annotations

import time

import numpy as np

from napari_garage_unet.project.description import read_project
from napari_garage_unet.project.folders import saved_projects
from napari_garage_unet.project.tiles import read_tiles
from napari_garage_unet.session import close_session


def poll_until(session, is_so):
    """Poll until something is so, and fail when it does not come to be."""
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end, "it did not come to be"
        session.poll()
        time.sleep(0.005)


def saved_of(root):
    """The strokes of the only saved project by the name of their image."""
    folders = list(saved_projects(root))
    if not folders or not folders[0].description.is_file():
        return {}
    (folder,) = folders
    return {
        image.name: read_tiles(
            folder.strokes(image.strokes), image.strokes_shape, image.strokes_dtype
        )[0]
        for image in read_project(folder.description).images
    }


def die(session):
    """End a session as a killed napari does: without a last save."""
    session.keeper.autosave.close = lambda: None
    session.keeper.own.close(keep=True)
    close_session(session.real_viewer)


def paint(session, box, class_id=1):
    """Paint a box with a class; returns the strokes layer."""
    layer = session.strokes_layer()
    layer.data[box] = class_id
    layer.refresh()
    return layer


def wait_for_offer(session):
    """Poll until a saved project was found; returns it."""
    poll_until(session, lambda: session.recovery.recoverable is not None)
    return session.recovery.recoverable


def wait_for_save(session, root, name="cells"):
    """Poll until exactly the present strokes are on disk."""
    annotated = session.images.current

    def is_saved():
        found = saved_of(root) if root.exists() else {}
        return name in found and np.array_equal(found[name], annotated.strokes.data)

    poll_until(session, is_saved)


def restore(session):
    """Wait for a saved project and restore it."""
    wait_for_offer(session)
    session.restore_project()
    poll_until(session, lambda: not session.recovery.is_restoring)


def wait_until_all_is_saved(session):
    """Poll until what there is now is on disk."""
    saved = []
    session.keeper.autosave.when_saved(lambda: saved.append(True))
    poll_until(session, lambda: saved)
