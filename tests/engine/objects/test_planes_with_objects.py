"""Tables of images that are not in memory read the planes with objects."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.lazy import ChannelsLast, StackedChannels
from napari_garage_unet.engine.objects.instances import objects_table


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("axes", ["tyx", "tyxc"])
def test_only_planes_with_objects_are_read(dtype: type, axes: str) -> None:
    read: list[int] = []

    def make(block: np.ndarray, block_info: dict) -> np.ndarray:
        read.append(block_info[0]["chunk-location"][0])
        return block + block_info[0]["chunk-location"][0]

    stack = da.ones((50, 8, 9), chunks=(1, 8, 9), dtype=dtype).map_blocks(
        make, dtype=dtype, meta=np.empty((0, 0, 0), dtype)
    )
    data = stack
    if axes == "tyxc":
        data = StackedChannels([ChannelsLast(stack, None)] * 2)
    image = Image(data, axes, name="movie")
    ids = np.zeros((50, 8, 9), np.int32)
    ids[7, 2:5, 3:6] = 1
    ids[40, 1:3, 1:3] = 2
    table = objects_table({1: ids}, [ClassInfo(1, "cell")], image)
    assert set(read) == {7, 40}
    mean = "mean_intensity" if axes == "tyx" else "mean_1"
    assert table[mean].tolist() == [8, 41]
    assert table["t"].tolist() == [7, 40]
