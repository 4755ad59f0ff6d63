"""The forests: what ilastik, Labkit, Weka and napari-convpaint do.

`Forest` is a random forest on Gaussian intensities, edges and textures at several
scales, the method of ilastik, Labkit and Trainable Weka. `EncoderForest` sees
features of a network pretrained on ImageNet as well, the idea of napari-convpaint.
Both keep the features of the stroked images, as those tools do, and fit all trees
again when strokes are added.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from skimage.exposure import rescale_intensity
from skimage.feature import multiscale_basic_features
from skimage.transform import resize
from sklearn.ensemble import RandomForestClassifier

from benchmarks.results import cores

if TYPE_CHECKING:
    from benchmarks.strokes.method import Labels, Learnt, Pixels, Strokes

N_TREES = 100
SIGMAS = (1, 16)
_ENCODER_STRIDE = 16

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FittedForest:
    """A forest, and the features it has computed so far.

    Parameters
    ----------
    trees : sklearn.ensemble.RandomForestClassifier
        The fitted forest.
    method : Forest
        Computes the features of images that are not among the known ones.
    known : tuple of (image, features)
        The stroked images.
    """

    trees: RandomForestClassifier
    method: Forest
    known: tuple[tuple[Pixels, Features], ...]

    def __call__(self, image: Pixels, /) -> Labels:
        """Segment an image of any size."""
        features = self.method.features_of(image, known=self.known)
        labels: Labels = self.trees.predict(features.reshape(-1, features.shape[-1]))
        return labels.reshape(image.shape[:2])


class Forest:
    """Random forest on multiscale features of scikit-image."""

    def warm_up(
        self, shapes: Sequence[tuple[int, ...]], *, n_classes: int, seed: int
    ) -> None:
        """Compute and fit once on noise, so that threads and imports are there."""
        noise = np.random.default_rng(seed)
        image = noise.integers(0, 256, (64, 64, *shapes[0][2:]), dtype=np.uint8)
        strokes = noise.integers(1, n_classes + 1, (64, 64))
        for _, fitted in self.learn([image], [strokes], checkpoints=(1,), seed=seed):
            fitted(image)

    def learn(
        self,
        images: Sequence[Pixels],
        strokes: Sequence[Strokes],
        *,
        checkpoints: Sequence[float],
        seed: int,
        state: Learnt | None = None,
    ) -> Iterator[tuple[float, Learnt]]:
        """Fit the forest and show it once: more seconds would not change it."""
        start = time.perf_counter()
        cached = state.known if isinstance(state, FittedForest) else ()
        known = tuple((i, self.features_of(i, known=cached)) for i in images)
        samples = np.concatenate(
            [f[s != 0] for (_, f), s in zip(known, strokes, strict=True)]
        )
        targets = np.concatenate([s[s != 0] for s in strokes])
        trees = RandomForestClassifier(N_TREES, n_jobs=cores(), random_state=seed)
        trees.fit(samples, targets)
        yield time.perf_counter() - start, FittedForest(trees, self, known)

    def features_of(
        self, image: Pixels, *, known: tuple[tuple[Pixels, Features], ...] = ()
    ) -> Features:
        """Compute ``(H, W, n_features)``, or find them among the known ones."""
        for other, features in known:
            if other is image:
                return features
        return self.compute(image)

    def compute(self, image: Pixels) -> Features:
        """Compute intensity, edges and texture at five scales."""
        features: Features = multiscale_basic_features(
            image,
            sigma_min=SIGMAS[0],
            sigma_max=SIGMAS[1],
            channel_axis=-1 if image.ndim == 3 else None,
        )
        return features.astype(np.float32, copy=False)


class EncoderForest(Forest):
    """The same with features of EfficientNet-Lite0 at strides 2 to 16."""

    def warm_up(
        self, shapes: Sequence[tuple[int, ...]], *, n_classes: int, seed: int
    ) -> None:
        """Trace the encoder for the sizes to come, then as the plain forest."""
        for shape in sorted(set(shapes)):
            self.compute(np.zeros(shape, dtype=np.uint8))
        super().warm_up(shapes, n_classes=n_classes, seed=seed)

    def compute(self, image: Pixels) -> Features:
        """Join the multiscale features with the encoder's, on the pixel grid."""
        from napari_garage_unet.engine.features.efficientnet_lite import (
            load_encoder,
            scale_rgb,
        )

        height, width = image.shape[:2]
        margins = [(0, -n % _ENCODER_STRIDE) for n in (height, width)]
        padded = np.pad(_as_rgb(image), [*margins, (0, 0)], mode="reflect")
        feature_maps = load_encoder(_ENCODER_STRIDE).predict_on_batch(
            scale_rgb(padded)[np.newaxis]
        )
        maps = [
            resize(feature_map[0], (*padded.shape[:2], feature_map.shape[-1]), order=1)
            for feature_map in feature_maps
        ]
        return np.concatenate(
            [super().compute(image), *(m[:height, :width] for m in maps)], axis=-1
        )


def _as_rgb(image: Pixels) -> Features:
    """Stretch the contrast to 0..255, as for a photograph, and repeat greys."""
    low, high = np.percentile(image, (0.5, 99.5))
    stretched = rescale_intensity(
        image.astype(np.float32), in_range=(low, max(high, low + 1)), out_range=(0, 255)
    )
    if stretched.ndim == 2:
        stretched = np.repeat(stretched[..., np.newaxis], 3, axis=-1)
    rgb: Features = stretched.astype(np.float32)
    return rgb
