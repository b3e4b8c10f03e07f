"""From images of any size to segmentations, tile by tile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Num
from torch import Tensor, nn

from maskwright.base.errors import PlanError
from maskwright.base.files import sha256
from maskwright.data.channels import with_channels
from maskwright.engine.run import Run
from maskwright.engine.weights import load_weights
from maskwright.masks.tiles import Tile, even_tile, tiles
from maskwright.masks.types import Segmentation
from maskwright.nn.device import keep_memory, pick_device
from maskwright.nn.fit import fit_weights
from maskwright.nn.fold import fold_batch_norm
from maskwright.plan.plan import Plan
from maskwright.tasks import task_of


class Predictor:
    """A trained network made ready: normalisation folded in, in the plan's precision, on one device.

    Call it with an image (h, w, channels) of 8-bit, 16-bit or float values; it returns the segmentation in the image's own
    pixel grid. The memory needed beyond image and result is that of one row of tiles.
    `digest` and `settled`, the thresholds, name in journals what made a prediction.
    """

    def __init__(
        self,
        plan: Plan,
        network: nn.Module,
        *,
        device: torch.device,
        digest: str = "",
        settled: dict[str, Any] | None = None,
    ) -> None:
        keep_memory()
        self.plan = plan
        self.device = device
        self.digest, self.settled = digest, settled
        self.task = task_of(plan, settled)
        self._type = torch.bfloat16 if plan.precision == "bf16" else torch.float32
        self._network = fold_batch_norm(network).to(device, self._type, memory_format=torch.channels_last).requires_grad_(False)  # type: ignore[call-overload]

    def __call__(self, image: Num[np.ndarray, "h w c"]) -> Segmentation:
        """The segmentation of an image. Gray and RGB are turned into each other as the network needs.

        Raises `DataError` for another number of channels than the network was trained on.
        """
        return self.task.confident(self.ranked(image))

    def ranked(self, image: Num[np.ndarray, "h w c"]) -> Segmentation:
        """As a call, but with every object that is found, however unsure, for scores that rank them."""
        return self.task.merge(self._tiles(image), image.shape[:2])

    def said(self, image: Num[np.ndarray, "h w c"]) -> Any:
        """All that the network says of the image, which the task's thresholds are settled on."""
        return self.task.gather(self._tiles(image), image.shape[:2])

    def require_maps(self) -> None:
        """Raises `PlanError` where the network has no probabilities of pixels."""
        if not self.task.draws_maps:
            raise PlanError(
                f"A {self.plan.model.title} finds objects one by one and has no probabilities for every pixel. "
                "Leave out --probabilities; the score of each object is in its predictions."
            )

    def outputs(self, image: Num[np.ndarray, "h w c"]) -> Float32[np.ndarray, "k h w"]:
        """All that the network says of every pixel: probabilities of the classes first. As large as the image times those.

        Raises `PlanError` where the network draws no maps.
        """
        self.require_maps()
        outputs: Float32[np.ndarray, "k h w"] = self.said(image)
        return outputs

    def found_in(self, outputs: Float32[np.ndarray, "k h w"]) -> Segmentation:
        """The segmentation that `outputs` of an image lead to; with it, what a call of the predictor gives."""
        size_hw = (outputs.shape[1], outputs.shape[2])
        (whole,) = tiles(size_hw, size_hw, 0)
        return self.task.confident(self.task.merge([(whole, outputs)], size_hw))

    def probabilities(self, image: Num[np.ndarray, "h w c"]) -> Float32[np.ndarray, "k h w"]:
        """The probability of every class at every pixel."""
        return self.outputs(image)[: len(self.plan.classes)]

    @torch.inference_mode()
    def _tiles(self, image: Num[np.ndarray, "h w c"]) -> Iterator[tuple[Tile, Any]]:
        image = with_channels(image, self.plan.channels, name="this image")
        scale = self.plan.normalization.scale(image)
        overlap, stride = self.plan.tile_overlap, self.plan.model.stride
        high, wide = (
            even_tile(length, most, overlap, stride) for length, most in zip(image.shape[:2], self.plan.tile_hw, strict=True)
        )
        for tile in tiles(image.shape[:2], (high, wide), overlap):
            pixels = torch.from_numpy(scale.apply(image[tile.rows, tile.columns]))[None]
            pixels = pixels.to(self.device, self._type, memory_format=torch.channels_last)
            said = self.task.predict_tile(self._network, pixels)[0]
            yield tile, said.cpu().numpy() if isinstance(said, Tensor) else said


def load(run: Path | str, *, device: str = "auto") -> Predictor:
    """The predictor of a run folder, with its best weights. Raises `RunError` or `WeightsError` where they are not whole."""
    opened = Run.open(Path(run))
    plan = opened.plan
    network = task_of(plan).network()
    tensors, _ = load_weights(opened.best_path)
    fit_weights(network, tensors, opened.best_path)
    return Predictor(plan, network, device=pick_device(device), digest=sha256(opened.best_path), settled=opened.settled)
