"""From images of any size to segmentations, tile by tile."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
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
from maskwright.engine.runtimes.agree import Agreement, Images, agreement_of, some_of
from maskwright.engine.runtimes.choose import Place, Runtime, Wanted, made_ready
from maskwright.engine.runtimes.ready import Ready
from maskwright.engine.weights import load_weights
from maskwright.masks.tiles import Tile, even_tile, tiles, whole_tile
from maskwright.masks.types import Segmentation
from maskwright.nn.device import pick_device
from maskwright.nn.fit import fit_weights
from maskwright.plan.objective import on_whole_images
from maskwright.plan.plan import Plan
from maskwright.tasks import task_of

ROW_BYTES = 128 * 2**20  # of the maps of a row of tiles, at most, unless tiles would be lower than what neighbours share twice
MORE_MAPS = 2  # beside those of classes, as of outlines and depths


class Predictor:
    """A trained network made ready: normalisation folded in, in the plan's precision, on one device.

    Call it with an image (h, w, channels) of 8-bit, 16-bit or float values; it returns the segmentation in the image's own
    pixel grid. The memory needed beyond image and result is that of one row of tiles.
    `digest` and `settled`, the thresholds, name in journals what made a prediction. `runtime`, `precision` and `place` are
    those of `runtimes.choose.made_ready`, `examples` gives images on which precisions are compared; `choice` says what came
    of it.
    """

    def __init__(
        self,
        plan: Plan,
        network: nn.Module,
        *,
        device: torch.device,
        digest: str = "",
        settled: dict[str, Any] | None = None,
        runtime: Runtime = "torch",
        precision: Wanted = "auto",
        place: Place | None = None,
        examples: Callable[[], Images] = tuple,
    ) -> None:
        self.plan = plan
        self.device = device
        self.digest, self.settled = digest, settled
        self.task = task_of(plan, settled)

        def agree(first: Ready, other: Ready) -> Agreement | None:
            images = examples()
            return agreement_of(self.task, plan, first, other, images) if images else None

        self._ready, self.choice = made_ready(
            plan, on_whole_images(plan, network), device=device, runtime=runtime, precision=precision, place=place, agree=agree
        )

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

    @property
    def precision(self) -> str:
        """In which the network's convolutions are worked out."""
        return self._ready.precision

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
        return self.task.confident(self.task.merge([(whole_tile(size_hw), outputs)], size_hw))

    def probabilities(self, image: Num[np.ndarray, "h w c"]) -> Float32[np.ndarray, "k h w"]:
        """The probability of every class at every pixel."""
        return self.outputs(image)[: len(self.plan.classes)]

    def _tiles(self, image: Num[np.ndarray, "h w c"]) -> Iterator[tuple[Tile, Any]]:
        image = with_channels(image, self.plan.channels, name="this image")
        scale = self.plan.normalization.scale(image)
        return self.said_of_tiles(image.shape[:2], lambda tile: scale.apply(image[tile.rows, tile.columns]))

    @torch.inference_mode()
    def said_of_tiles(
        self, size_hw: tuple[int, int], pixels_of: Callable[[Tile], Float32[np.ndarray, "c h w"]], *, first_row: int = 0
    ) -> Iterator[tuple[Tile, Any]]:
        """What the network says of each tile of an image of this size, whose normalised pixels are asked for tile by tile.

        Tiles that end above `first_row` are left out, if all tiles that are predicted at once with them do.
        """
        overlap, stride = self.plan.tile_overlap, self.plan.stride
        high, wide = (
            even_tile(length, most, overlap, stride) for length, most in zip(size_hw, self._most_hw(size_hw[1]), strict=True)
        )
        cut = tiles(size_hw, (high, wide), overlap)
        for first in range(0, len(cut), self.choice.batch):
            some = cut[first : first + self.choice.batch]  # all tiles of an image have one size
            if some[-1].rows.stop <= first_row:
                continue
            pixels = torch.from_numpy(np.stack([pixels_of(tile) for tile in some]))
            for tile, said in zip(some, self.task.predict_tile(self._ready.network, self._ready.takes(pixels)), strict=True):
                yield tile, said.cpu().numpy() if isinstance(said, Tensor) else said

    def _most_hw(self, width: int) -> tuple[int, int]:
        """The largest tile of an image so wide: as chosen, but lower where maps of a row of tiles would take too much memory.

        Networks that find objects keep their tiles, in which objects lie whole.
        """
        high, wide = self.choice.tile_hw
        if not self.task.draws_maps:
            return high, wide
        stride = self.plan.stride
        rows = ROW_BYTES // (4 * (len(self.plan.classes) + MORE_MAPS) * width)
        return min(high, max(rows, 2 * self.plan.tile_overlap + stride) // stride * stride), wide


def load(
    run: Path | str, *, device: str = "auto", runtime: Runtime = "auto", precision: Wanted = "auto",
    images: Sequence[Path] = (),
) -> Predictor:  # fmt: skip
    """The predictor of a run folder, with its best weights. Raises `RunError` or `WeightsError` where they are not whole.

    runtime: "auto" is the faster one here, of those that are installed; the first time this takes some seconds of measuring.
    precision: "auto" is the plan's, but not bfloat16 where that says something else on the first of `images`, which are files
    and folders.
    """
    opened = Run.open(Path(run))
    plan = opened.plan
    network = task_of(plan).network()
    tensors, _ = load_weights(opened.best_path)
    fit_weights(network, tensors, opened.best_path)
    digest = sha256(opened.best_path)
    return Predictor(
        plan, network, device=pick_device(device), digest=digest, settled=opened.settled,
        runtime=runtime, precision=precision, place=Place(opened.folder, digest), examples=partial(some_of, images),
    )  # fmt: skip
