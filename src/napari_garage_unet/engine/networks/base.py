"""A network as the rest of the engine sees it: frozen features and a trainable head.

`Network.features` turns a plane into *feature maps* at one or several strides, once;
`Network.head` is the Keras model that turns feature maps into logits and is trained.

Everything that differs between kinds of networks is a method or an attribute of
`Network`, so another kind is a subclass, a line in `build.KINDS`, and in `config` a
choice of `NetworkConfig.encoder` and a line in `SUMMARIES`. It is trained on crops of
planes and drawn as its head is, unless `make_learner` and `diagram_of`, which dispatch
by class, have something else for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.devices import current_devices
from napari_garage_unet.engine.errors import ModelFileError
from napari_garage_unet.engine.features.feature_maps import FeatureMaps
from napari_garage_unet.engine.features.statistics import Statistics

from .config import NetworkConfig
from .network_state import NetworkState

Tensor = Any

Scalar = TypeVar("Scalar", bound=np.generic)


class Citation(NamedTuple):
    """A publication."""

    text: str
    doi: str


class Network(ABC):
    """A network for planes with a number of channels and classes.

    Parameters
    ----------
    config
        Which network it is.
    n_channels
        Channels of the planes.
    n_classes
        Number of classes, at least 2.

    Attributes
    ----------
    stride
        Heights and widths of planes have to be multiples of it, in pixels.
    feature_strides
        Stride of each feature map, in pixels.
    feature_radius
        How far in pixels a value of a feature map depends on the image.
    head_radius
        How far in pixels a probability depends on the feature maps.
    head
        The Keras model that is trained.
    takes_batches
        Whether `probability_graph` computes several planes at once.
    scales_by_plane
        Whether its features depend on statistics of the whole plane.
    encoder_source
        Where weights that are not trained here come from, in a sentence with their
        licence; empty if there are none.
    citations
        Publications behind it, besides that of the U-Net.
    devices
        What it was built for.
    """

    stride: int
    feature_strides: tuple[int, ...]
    feature_radius: int
    head_radius: int
    head: Any
    takes_batches: bool = True
    scales_by_plane: bool = False
    encoder_source: str = ""
    citations: tuple[Citation, ...] = ()

    def __init__(self, config: NetworkConfig, n_channels: int, n_classes: int) -> None:
        self.config = config
        self.n_channels = n_channels
        self.n_classes = n_classes
        self.devices = current_devices()

    @property
    def radius(self) -> int:
        """How far in pixels a probability depends on the image."""
        return self.feature_radius + self.head_radius

    def statistics(
        self, plane: NDArray[np.float32], valid: NDArray[np.bool_] | None = None
    ) -> Statistics | None:
        """Measure what `features` has to know of a whole plane.

        Parameters
        ----------
        plane
            ``(H, W, n_channels)``, values from 0 to 1, sides multiples of `stride`.
        valid
            ``(H, W)`` bool, the pixels that have data; None if all have.

        Returns
        -------
        Statistics or None
            None if it has to know nothing.
        """
        return None

    def statistics_and_features(
        self, plane: NDArray[np.float32], valid: NDArray[np.bool_] | None = None
    ) -> tuple[Statistics | None, FeatureMaps]:
        """Compute statistics and features of a whole plane at once."""
        statistics = self.statistics(plane, valid)
        return statistics, self.features(plane, statistics)

    @abstractmethod
    def features(
        self, plane: NDArray[np.float32], statistics: Statistics | None
    ) -> FeatureMaps:
        """Compute the feature maps of a preprocessed plane or of a region of it.

        Parameters
        ----------
        plane
            ``(H, W, n_channels)``, values from 0 to 1, sides multiples of `stride`.
        statistics
            What `statistics` returns for the whole plane, or what several planes have
            in common; None measures this one.
        """

    @abstractmethod
    def probabilities(
        self, feature_maps: FeatureMaps, *, step: int = 1
    ) -> NDArray[np.float32]:
        """Compute the class probabilities of a plane.

        Parameters
        ----------
        feature_maps
            Feature maps of the plane, or of a region of it.
        step
            Pixels from one value to the next along both axes, a power of 2 and at
            most `stride`. The values of steps 1 and 2 are the same where both are;
            larger ones come near them.

        Returns
        -------
        ndarray of shape (n_classes, H / step, W / step), float32
            They sum to 1 over the classes.
        """

    @abstractmethod
    def probability_graph(
        self, statistics: Statistics | None = None
    ) -> Callable[[Tensor], Tensor]:
        """Return a function from planes to probabilities, in TensorFlow operations.

        Programs that know nothing of this package run it, see `export`.

        Parameters
        ----------
        statistics
            Statistics of the features for all planes alike; None measures them on each
            plane.

        Returns
        -------
        callable
            From ``(batch, H, W, n_channels)``, preprocessed, to
            ``(batch, H, W, n_classes)``, float32, which sums to 1 over the classes.
            TensorFlow can trace it; weights and settings are those of now.
        """

    @property
    def variables(self) -> list[Any]:
        """The trained weights, in the order in which they are kept."""
        return list(self.head.weights)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Copy the trained weights, by name; the sorted names have their order."""
        return {
            f"{number:03d} {variable.path}": variable.numpy()
            for number, variable in enumerate(self.variables)
        }

    def state(self) -> NetworkState:
        """Copy all that has been learnt."""
        return NetworkState(self.weights())

    def load_state(self, state: NetworkState) -> None:
        """Take over what another network of this kind has learnt.

        Parameters
        ----------
        state
            What `state` of that network has returned.

        Raises
        ------
        ModelFileError
            If it is the state of another kind of network; nothing has changed then.
        """
        if not self.fits(state):
            raise ModelFileError(
                "The weights in the model do not fit the network it describes; "
                "the file is damaged or was made by another version."
            )
        weights = [state.weights[name] for name in sorted(state.weights)]
        for variable, array in zip(self.variables, weights, strict=True):
            variable.assign(array)

    def fits(self, state: NetworkState) -> bool:
        """Whether a state has the arrays of this network, in number and shape."""
        weights = [state.weights[name] for name in sorted(state.weights)]
        shapes = [tuple(variable.shape) for variable in self.variables]
        return [array.shape for array in weights] == shapes


def pad_to_stride(plane: NDArray[Scalar], stride: int) -> NDArray[Scalar]:
    """Pad a plane at the bottom and the right so that `stride` divides its sides.

    Parameters
    ----------
    plane
        ``(H, W, C)``.
    stride
        In pixels.

    Returns
    -------
    ndarray of shape (H', W', C)
        The plane continued by its mirror image.
    """
    bottom, right = (-n % stride for n in plane.shape[:2])
    if not bottom and not right:
        return plane
    return np.pad(plane, ((0, bottom), (0, right), (0, 0)), mode="symmetric")
