"""A network in 8-bit integers: quantised after training by NNCF, with the ranges of its maps taken from training images."""

import logging
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from typing import Any

import numpy as np
from jaxtyping import Num

from maskwright.base.errors import MaskwrightError
from maskwright.base.openvino import openvino
from maskwright.data.dataset import DataSet
from maskwright.engine.runtimes.agree import middle

CALIBRATED = 32  # images, of which each range is taken
MOST_DROP = 0.005  # of the score
OUTSIDE = "^(?!/network).*"  # names of all that is no network: what an image is scaled by keeps its precision


@dataclass(frozen=True)
class Quantization:
    """Images to take ranges from, images to score on, and by how much the score may drop at most."""

    train: DataSet
    val: DataSet
    most_drop: float = MOST_DROP

    def examples(self) -> list[Num[np.ndarray, "_ _ c"]]:
        """The middle of images spread evenly over the training part."""
        places = np.unique(np.linspace(0, len(self.train) - 1, CALIBRATED).round().astype(int))
        return [middle(self.train[int(place)].image) for place in places]


def require() -> None:
    """Raises `MaskwrightError` where NNCF is not installed."""
    if find_spec("nncf") is None:
        raise MaskwrightError("Quantising needs NNCF, which is not installed: pip install 'maskwright[int8]'.")


def quantised(model: Any, images: Sequence[Num[np.ndarray, "_ _ c"]]) -> Any:
    """An OpenVINO model whose convolutions work in 8-bit integers. Raises `MaskwrightError` where NNCF cannot quantise it."""
    require()
    openvino()  # first, since NNCF would send messages to its maker where OpenVINO's telemetry can be imported
    nncf = import_module("nncf")
    nncf.set_log_level(logging.CRITICAL)
    inputs = [image.astype(np.float32) for image in images]
    try:
        with redirect_stdout(StringIO()):  # bars
            return nncf.quantize(
                model, nncf.Dataset(inputs, lambda image: [image]), subset_size=len(inputs),
                preset=nncf.QuantizationPreset.MIXED,
                ignored_scope=nncf.IgnoredScope(patterns=[OUTSIDE], validate=False),
            )  # fmt: skip
    except Exception as error:  # NNCF and OpenVINO have errors of their own
        reason = str(error).strip().splitlines()[-1]
        raise MaskwrightError(f"NNCF cannot quantise this network ({reason}). Leave out --int8.") from error
