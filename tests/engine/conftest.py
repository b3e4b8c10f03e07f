"""A plan small enough to be trained in a test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from maskwright.data.dataset import DataSet, read
from maskwright.losses import LossTerm
from maskwright.models.unet import UNetConfig
from maskwright.plan.plan import Optimizer, Plan
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.normalize import Normalization


@pytest.fixture
def blobs(blob_folder: Path) -> DataSet:
    return read(blob_folder)


@pytest.fixture
def small_plan(blobs: DataSet) -> Callable[..., Plan]:
    """`small_plan(steps=6)`: a plan for `blobs`, with any field replaced."""

    def make(**values: object) -> Plan:
        return Plan(
            **{  # type: ignore[arg-type]
                "classes": blobs.classes,
                "channels": 1,
                "model": UNetConfig(widths=(4, 8)),
                "normalization": Normalization(),
                "crop_hw": (32, 32),
                "batch": 2,
                "foreground_share": 0.5,
                "augmentation": Augmentation(),
                "loss": (LossTerm(name="cross-entropy"), LossTerm(name="dice")),
                "optimizer": Optimizer(learning_rate=1e-2),
                "steps": 12,
                "validate_every": 5,
                "precision": "fp32",
                "tile_hw": (48, 48),
                "tile_overlap": 16,
                "budget_minutes": 1.0,
            }
            | values
        )

    return make
