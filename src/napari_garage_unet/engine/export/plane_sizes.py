"""Sizes of the planes that an exported network takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from napari_garage_unet.engine.networks.base import Network

SMALLEST_WHOLE_PLANE = 64
"""Shortest side in pixels of a plane for a network that takes whole planes only."""


@dataclass(frozen=True, slots=True)
class PlaneSizes:
    """Sizes of planes that a network takes, in pixels.

    Parameters
    ----------
    smallest, step
        Sides are `smallest` and any number of `step` more.
    halo
        Margin of a tile that is cut off; None if the network takes whole planes only.
    """

    smallest: int
    step: int
    halo: int | None

    @classmethod
    def of(cls, network: Network, *, scales_by_plane: bool) -> PlaneSizes:
        """Return the sizes that a network takes."""
        step = network.stride
        if network.scales_by_plane and scales_by_plane:
            # Mean and spread of a tile are not those of its plane. With a halo in the
            # description, programs would cut planes into tiles, and pad whole ones.
            return cls(max(SMALLEST_WHOLE_PLANE, step), step, None)
        halo = -(-network.radius // step) * step
        return cls(2 * halo + step, step, halo)

    def output_axis(self, axis: str) -> Any:
        """Return the description of an axis of the output."""
        from bioimageio.spec.model import v0_5 as spec

        name = spec.AxisId(axis)
        size = spec.SizeReference(tensor_id=spec.TensorId("image"), axis_id=name)
        if self.halo is None:
            return spec.SpaceOutputAxis(id=name, size=size)
        return spec.SpaceOutputAxisWithHalo(id=name, size=size, halo=self.halo)
