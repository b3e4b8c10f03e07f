"""What the sampling tests share: samples from class ids, and samples made ready for training."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from maskwright.data.sample import Sample
from maskwright.masks.classes import Classes
from maskwright.masks.types import LabelMap
from maskwright.sampling.normalize import Normalization
from maskwright.sampling.samples import PreparedSamples

CLASSES = Classes.named("background", "cell", "rare")


@pytest.fixture(scope="session")
def labelled() -> Callable[..., Sample]:
    """Makes a sample from class ids; its image is 100 times as bright as the id, if none is given."""

    def make(name: str, ids: Any, image: Any = None) -> Sample:
        ids = np.asarray(ids).astype(np.uint16)
        image = (ids % 256 * 100).astype(np.uint8)[:, :, None] if image is None else image
        return Sample(name, image, LabelMap(ids, CLASSES))

    return make


@pytest.fixture(scope="session")
def prepared() -> Callable[..., PreparedSamples]:
    """Makes samples ready; brightness 100 becomes 1 and 0 stays 0."""

    def make(samples: Sequence[Sample], memory_gb: float = 1.0) -> PreparedSamples:
        channels = samples[0].image.shape[2]
        normalization = Normalization(kind="fixed", mean=(0.0,) * channels, std=(100.0,) * channels)
        return PreparedSamples(samples, normalization, lambda mask: mask.ids, memory_gb=memory_gb)

    return make


@pytest.fixture(scope="session")
def discs(labelled: Callable[..., Sample]) -> list[Sample]:
    """Five images of 96x80 with a bright disc, each elsewhere."""
    y, x = np.mgrid[:96, :80]
    centers = np.random.default_rng(3).uniform(25, 55, (5, 2))
    return [labelled(f"disc{i}", (y - cy) ** 2 + (x - cx) ** 2 < 20**2) for i, (cy, cx) in enumerate(centers)]
