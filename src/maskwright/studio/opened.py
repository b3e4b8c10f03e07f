"""An image that an assistant has open: whole, or where it is too large for that, in windows around the clicks."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Int64

from maskwright.assist.assistant import Assistant, Candidate, Session
from maskwright.base.errors import MaskwrightError
from maskwright.formats.images import read_image
from maskwright.formats.large_image import LargeImage
from maskwright.masks.region import Region
from maskwright.studio.image_files import parted

SIDE, MOST_SIDE = 2048, 8192  # of a window: the first where it is twice as long as the object, at most the second
WINDOWS = 4  # that stay open

Box = tuple[int, int, int, int]


class TooLarge(MaskwrightError):  # noqa: N818
    """An image of which not all objects can be proposed at once."""


class Opened(Protocol):
    """One image, asked about in its own pixels; what was said about an object before comes as a region."""

    size_hw: tuple[int, int]

    def mask(
        self, clicks_xy: Int64[np.ndarray, "n 2"], positive: Bool[np.ndarray, " n"], box: Box | None, previous: Region | None
    ) -> list[Candidate]: ...

    def propose(self) -> list[Candidate]: ...

    def close(self) -> None: ...


def open_image(assistant: Assistant, path: Path, *, max_pixels: int) -> Opened:
    """The image, opened by an assistant in the way that its size wants. Raises `ImageFileError`."""
    large = parted(path)
    if large is not None:
        return InWindows(assistant, large)
    image = read_image(path, max_pixels=max_pixels)
    return Whole(assistant.open(image), (image.shape[0], image.shape[1]))


class Whole:
    """An image that the assistant sees at once."""

    def __init__(self, session: Session, size_hw: tuple[int, int]) -> None:
        self.size_hw, self._session = size_hw, session

    def mask(
        self, clicks_xy: Int64[np.ndarray, "n 2"], positive: Bool[np.ndarray, " n"], box: Box | None, previous: Region | None
    ) -> list[Candidate]:
        return self._session.mask(clicks_xy, positive, box, None if previous is None else previous.mask(self.size_hw))

    def propose(self) -> list[Candidate]:
        return self._session.propose()

    def close(self) -> None:
        """Nothing is held."""


class InWindows:
    """An image of any size: each question is answered in a window of it, on a coarse grid that the next one shares."""

    def __init__(self, assistant: Assistant, image: LargeImage) -> None:
        self.size_hw = image.size_hw
        self._assistant, self._image = assistant, image
        self._sessions: OrderedDict[Box, Session] = OrderedDict()
        middle = (image.size_hw[1] // 2, image.size_hw[0] // 2)
        self.mask(np.array([middle]), np.ones(1, bool), None, None)  # so that what an assistant loads at first is loaded

    def mask(
        self, clicks_xy: Int64[np.ndarray, "n 2"], positive: Bool[np.ndarray, " n"], box: Box | None, previous: Region | None
    ) -> list[Candidate]:
        """What the assistant says of the window; of a mask of before that reaches over it, the rest stays as it was."""
        inside = ((clicks_xy >= 0) & (clicks_xy < self.size_hw[::-1])).all(axis=1)
        clicks_xy, positive = clicks_xy[inside], positive[inside]
        window = self._window(clicks_xy, box, previous)
        if window is None:
            return []
        left, top, right, bottom = window
        drawn = None if box is None else (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
        before = None if previous is None else previous.window(window).mask((bottom - top, right - left))
        here = ((clicks_xy >= window[:2]) & (clicks_xy < window[2:])).all(axis=1)
        found = self._session(window).mask(clicks_xy[here] - np.array(window[:2]), positive[here], drawn, before)
        return [replace(one, region=_with_rest(_moved(one.region, left, top), previous, window)) for one in found]

    def propose(self) -> list[Candidate]:
        """Raises `TooLarge`."""
        height, width = self.size_hw
        raise TooLarge(
            f"the image has {width} x {height} pixels, too many to propose every object at once. Click, or predict it with a "
            f"run: maskwright predict"
        )

    def close(self) -> None:
        """Let go of the file."""
        self._image.close()

    def _window(self, clicks_xy: Int64[np.ndarray, "n 2"], box: Box | None, previous: Region | None) -> Box | None:
        """The part to look at: around all that was said, or the last click where that is too much; None of nothing."""
        corners = [*((x, y, x + 1, y + 1) for x, y in clicks_xy.tolist()), *([box] if box else [])]
        corners += [previous.box_xyxy] if previous is not None and previous.area else []
        if not corners:
            return None
        extent = (*np.array(corners)[:, :2].min(axis=0).tolist(), *np.array(corners)[:, 2:].max(axis=0).tolist())
        if max(extent[2] - extent[0], extent[3] - extent[1]) > MOST_SIDE and len(clicks_xy):
            extent = (*clicks_xy[-1].tolist(), *(clicks_xy[-1] + 1).tolist())
        side = SIDE
        while side < MOST_SIDE and side < 2 * max(extent[2] - extent[0], extent[3] - extent[1]):
            side *= 2
        step = side // 4
        left, top = (
            min(max(round((low + high - side) / 2 / step) * step, 0), max(size - side, 0))
            for low, high, size in zip(extent[:2], extent[2:], self.size_hw[::-1], strict=True)
        )
        return left, top, min(left + side, self.size_hw[1]), min(top + side, self.size_hw[0])

    def _session(self, window: Box) -> Session:
        if window not in self._sessions:
            self._sessions[window] = self._assistant.open(self._image.read(window))
            while len(self._sessions) > WINDOWS:
                self._sessions.popitem(last=False)
        self._sessions.move_to_end(window)
        return self._sessions[window]


def part_of(path: Path, regions: Sequence[Region], *, max_pixels: int) -> tuple[np.ndarray, list[Region]]:
    """The pixels that hold the regions, all of the image or the box around them, and the regions on these."""
    large = parted(path)
    if large is None:
        return read_image(path, max_pixels=max_pixels), list(regions)
    try:
        boxes = np.array([region.box_xyxy for region in regions])
        left, top = np.maximum(boxes[:, :2].min(axis=0), 0).tolist()
        ends = np.minimum(boxes[:, 2:].max(axis=0), large.size_hw[::-1])
        right, bottom = np.minimum(ends, (left + MOST_SIDE, top + MOST_SIDE)).tolist()
        return large.read((left, top, right, bottom)), [_moved(region, -left, -top) for region in regions]
    finally:
        large.close()


def _moved(region: Region, x: int, y: int) -> Region:
    x0, y0, x1, y1 = region.box_xyxy
    return Region((x0 + x, y0 + y, x1 + x, y1 + y), region.pixels)


def _with_rest(region: Region, previous: Region | None, window: Box) -> Region:
    """A mask within a window, joined with what of the one before lies outside it."""
    if previous is None or (
        previous.box_xyxy[0] >= window[0] and previous.box_xyxy[1] >= window[1]
        and previous.box_xyxy[2] <= window[2] and previous.box_xyxy[3] <= window[3]
    ):  # fmt: skip
        return region
    boxes = np.array([region.box_xyxy, previous.box_xyxy])
    corner, end = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    size_hw = (int(end[1] - corner[1]), int(end[0] - corner[0]))
    left, top = corner.tolist()
    whole = _moved(previous, -left, -top).mask(size_hw)
    x0, y0, x1, y1 = (max(value, 0) for value in (window[0] - left, window[1] - top, window[2] - left, window[3] - top))
    whole[y0:y1, x0:x1] = False
    whole |= _moved(region, -left, -top).mask(size_hw)
    return _moved(Region((0, 0, size_hw[1], size_hw[0]), whole), left, top)
