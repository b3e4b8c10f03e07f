"""Batches that depend on (seed, step) alone: the same in any order, in any thread, after any restart."""

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from maskwright.base.errors import DataError, PlanError
from maskwright.base.rng import stream
from maskwright.losses import IGNORE_TARGET
from maskwright.masks.classes import IGNORE
from maskwright.sampling.augment import Augmentation, Change, mirrored, resample
from maskwright.sampling.crops import corner_around, uniform_corner
from maskwright.sampling.samples import PreparedSample, PreparedSamples


@dataclass(frozen=True, eq=False)
class Batch:
    """What one training step sees: normalised crops, their targets (`IGNORE_TARGET` counts nowhere), and the samples' ids."""

    image: Float32[Tensor, "b c h w"]
    target: Int64[Tensor, "b *layers h w"]
    ids: tuple[str, ...]


class Batches:
    """Batch number `step` of a training, for every step.

    A share `foreground_share` of the crops lies around a pixel of a class drawn evenly from the classes of the data set but
    `background`, in an image drawn evenly from those that show it. The other crops lie anywhere, in images drawn by shuffled
    epochs: each image once before any image twice.

    `ignore_outside` is for targets that number objects: beyond an image's rim nothing counts, as a mirror would show parts of
    an object a second time under the same number. Targets of fewer layers than others of their batch get layers of zeros.

    `share` is (i, n), i from 0 on: of every batch the crops i, i + n, i + 2n, ..., where n processes share a batch out.
    """

    def __init__(
        self,
        samples: PreparedSamples,
        *,
        crop_hw: tuple[int, int],
        batch: int,
        augmentation: Augmentation,
        foreground_share: float = 0.5,
        background: int | None = 0,
        ignore_outside: bool = False,
        seed: int = 0,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        if not len(samples):
            raise DataError("There are no images to train on.")
        if batch < 1 or min(crop_hw) < 1 or not 0 <= foreground_share <= 1:
            raise PlanError(
                f"A batch of {batch} crops of {crop_hw} pixels with a foreground share of {foreground_share} cannot be drawn; "
                "sizes must be 1 or more and the share between 0 and 1."
            )
        self._samples, self._crop_hw, self._batch, self._shared = samples, crop_hw, batch, share
        self._augmentation, self._seed, self._ignore_outside = augmentation, seed, ignore_outside
        showing = samples.class_index.samples_with
        self._showing = {class_id: numbers for class_id, numbers in showing.items() if class_id != background}
        self._share = foreground_share if self._showing else 0.0

    def at(self, step: int) -> Batch:
        """The batch of a step, or the share of it, the same on every call."""
        first, (number, of) = step * self._batch, self._shared
        crops = [self._crop(slot) for slot in range(first + number, first + self._batch, of)]
        images, targets, ids = zip(*crops, strict=True)
        return Batch(torch.from_numpy(np.stack(images)), torch.from_numpy(_stacked(targets)), ids)

    def _crop(self, slot: int) -> tuple[Float32[np.ndarray, "c h w"], Int64[np.ndarray, "*layers h w"], str]:
        """Crop number `slot` of the whole training."""
        rng = stream(self._seed, "crop", slot)
        balanced_before, balanced = int(slot * self._share), int((slot + 1) * self._share)  # spread evenly over the slots
        if balanced > balanced_before:
            classes = tuple(self._showing)
            class_id = classes[rng.integers(len(classes))]
            number = self._showing[class_id][rng.integers(len(self._showing[class_id]))]
        else:
            class_id, number = None, self._by_epoch(slot - balanced_before)
        sample = self._samples[number]
        change = self._augmentation.draw(rng, self._crop_hw, sample.image.shape[2])
        cut_hw = (self._crop_hw[1], self._crop_hw[0]) if change.transpose else self._crop_hw
        if class_id is None:
            corner = uniform_corner(rng, sample.size_hw, cut_hw)
        else:
            positions = self._samples.class_index.positions_yx[number][class_id]
            y, x = positions[rng.integers(len(positions))].tolist()
            corner = corner_around(rng, (y, x), sample.size_hw, cut_hw)
        image, target = change.move(*cut(sample, corner, cut_hw, change, ignore_outside=self._ignore_outside))
        return change.shade(image), target, sample.id

    def _by_epoch(self, draw: int) -> int:
        """The image of a draw: epochs are permutations, so that all images are seen equally often."""
        epoch, place = divmod(draw, len(self._samples))
        return int(stream(self._seed, "epoch", epoch).permutation(len(self._samples))[place])


def _stacked(targets: Sequence[Int64[np.ndarray, "*layers h w"]]) -> Int64[np.ndarray, "b *layers1 h w"]:
    """Targets in one array; where their layers differ in number, zeros follow the fewer."""
    most = max(target.shape for target in targets)
    if any(target.shape != most for target in targets):
        full = np.zeros((len(targets), *most), np.int64)
        for place, target in zip(full, targets, strict=True):
            place[: len(target)] = target
        return full
    return np.stack(targets)


def cut(
    sample: PreparedSample,
    corner_yx: tuple[int, int],
    crop_hw: tuple[int, int],
    change: Change,
    *,
    ignore_outside: bool = False,
) -> tuple[Float32[np.ndarray, "c h w"], Int64[np.ndarray, "*layers h w"]]:
    """A normalised crop and its target, warped as `change` says, read from the whole image so that turned crops stay full.

    What a warp reads beyond the rim is mirrored, image and mask alike, so that small images lose no pixels of the loss.
    Where the image is smaller than the crop, the image is mirrored too but the mask is `IGNORE_TARGET`: a few real pixels
    shall not count many times over; with `ignore_outside` it is so beyond every rim.
    """
    source = change.source_yx(crop_hw) if change.warps else None
    if source is None:
        low, high = np.zeros(2, np.int64), np.array(crop_hw)
    else:
        source += (np.array(crop_hw, np.float32)[:, None, None] - 1) / 2
        low = np.floor(source.min(axis=(1, 2))).astype(np.int64)
        high = np.ceil(source.max(axis=(1, 2))).astype(np.int64) + 1
        source -= low[:, None, None].astype(np.float32)
    rows, columns = (corner_yx[axis] + np.arange(low[axis], high[axis]) for axis in (0, 1))
    height, width = sample.size_hw
    window_y, window_x = mirrored(rows, height), mirrored(columns, width)
    target = sample.target[..., window_y, :][..., window_x].astype(np.int64)
    target[target == IGNORE] = IGNORE_TARGET
    if ignore_outside or height < crop_hw[0]:
        target[..., (rows < 0) | (rows >= height), :] = IGNORE_TARGET
    if ignore_outside or width < crop_hw[1]:
        target[..., (columns < 0) | (columns >= width)] = IGNORE_TARGET
    image = sample.scale.apply(sample.image[window_y][:, window_x])
    return (image, target) if source is None else resample(image, target, source)


def prefetch(batches: Batches, steps: Iterable[int], *, workers: int = 1, depth: int = 2) -> Generator[Batch, None, None]:
    """The batches of the steps, in order, made in the background up to `depth` ahead.

    What goes wrong in the background is raised here. Closing the generator ends the threads. Each works on one core: what
    makes a crop starts no threads that would compete with those of the network.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="batches")
    waiting: deque[Future[Batch]] = deque()
    try:
        for step in steps:
            waiting.append(pool.submit(batches.at, step))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
