"""Images and targets made ready for training, kept in memory as far as the bound allows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Num, UInt16

from maskwright.base.errors import DataError
from maskwright.data.sample import Sample
from maskwright.masks.types import Segmentation
from maskwright.sampling.crops import ClassIndex, class_positions
from maskwright.sampling.normalize import ImageScale, Normalization
from maskwright.sampling.shrink import shrink_image

Encode = Callable[[Segmentation], UInt16[np.ndarray, "*layers h w"]]  # of several layers the first holds the classes


class Samples(Protocol):
    """A data set, or a list of samples."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Sample: ...


@dataclass(frozen=True, eq=False)
class PreparedSample:
    """An image with its own values, what normalises a cut of it, and its target: the class of every pixel, or more layers."""

    id: str
    image: Num[np.ndarray, "h w c"]
    scale: ImageScale
    target: UInt16[np.ndarray, "*layers h w"]

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.image.shape[0], self.image.shape[1]


def first_layer(target: UInt16[np.ndarray, "*layers h w"]) -> UInt16[np.ndarray, "h w"]:
    """The classes of a target."""
    return np.asarray(target.reshape(-1, *target.shape[-2:])[0])


class PreparedSamples:
    """Samples for training: statistics and class positions are computed once, images keep their compact type.

    `shrink` is how many times smaller images become, with the statistics of what they were; targets have that size already.
    Samples stay in memory until `memory_gb` is full; the others are read again at each use, which gives the same values.
    Raises `DataError` on a sample without a mask, on mixed channel counts, and on an image that changes meanwhile.
    """

    def __init__(
        self, data: Samples, normalization: Normalization, encode: Encode, *, shrink: int = 1, memory_gb: float = 4.0
    ) -> None:
        self._data, self._encode, self._shrink = data, encode, shrink
        self._scales: list[ImageScale] = []
        self._sizes_hw: list[tuple[int, int]] = []
        self._kept: dict[int, PreparedSample] = {}
        positions = []
        room = memory_gb * 2**30
        for number in range(len(data)):
            sample = data[number]
            self._scales.append(normalization.scale(sample.image))
            self._sizes_hw.append(sample.size_hw)
            prepared = self._prepare(sample, number)
            positions.append(class_positions(first_layer(prepared.target), number))
            room -= prepared.image.nbytes + prepared.target.nbytes
            if room >= 0:
                self._kept[number] = prepared
        self.class_index = ClassIndex(tuple(positions))

    def __len__(self) -> int:
        return len(self._scales)

    def __getitem__(self, index: int) -> PreparedSample:
        return self._kept[index] if index in self._kept else self._prepare(self._data[index], index)

    def _prepare(self, sample: Sample, number: int) -> PreparedSample:
        if sample.segmentation is None:
            raise DataError(
                f"{sample.id}: no mask; training needs one for every image. Leave this image out, or draw its mask."
            )
        channels, expected = sample.image.shape[2], len(self._scales[0].factor)
        if channels != expected:
            raise DataError(
                f"{sample.id}: the image has {channels} channels, the first one {expected}. "
                "Training needs the same number in all images: convert them, or leave some out."
            )
        if sample.size_hw != self._sizes_hw[number]:
            raise DataError(
                f"{sample.id}: the image has the size {sample.size_hw}, but had {self._sizes_hw[number]} when training began. "
                "Do not change the data during a training; start it anew."
            )
        image = shrink_image(sample.image, self._shrink)
        return PreparedSample(sample.id, image, self._scales[number], self._encode(sample.segmentation))
