"""A large TIFF as levels that are there at once: the finest is read from the file, the coarser are made while it is shown."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import read_json, write_json
from maskwright.formats.large_image import LargeImage
from maskwright.formats.large_tiff import KEPT_BYTES
from maskwright.formats.planes import open_parted
from maskwright.studio.pyramid import Image, Level, Pyramid, halved, levels_of, ranges_of, reserved

WAIT_SECONDS = 2.0  # for a part of a level that is not there yet
ON_THE_SPOT = 2  # levels of which a part is made at once, of little enough of the finest
STRIP_BYTES = 32 << 20
AT_ONCE = max(min(os.cpu_count() or 1, 4), 1)  # strips that are made beside one another
SAMPLED, SAMPLE_PX = 4, 256  # down and across: boxes from which intensities are learnt
WHOLE = "whole.json"  # stands beside levels that are all there


class NotReady(MaskwrightError):  # noqa: N818  ask again soon
    """A part of an image is not there yet."""


class Finest:
    """The image itself: any box of it, from the file."""

    def __init__(self, path: Path) -> None:
        """Raises `ImageFileError` where the file cannot be read part by part."""
        self._path, self._lock = path, threading.Lock()
        self._image: LargeImage | None = open_parted(path)
        self.shape: tuple[int, ...] = (*self._image.size_hw, self._image.channels)
        self.dtype: np.dtype[Any] = self._image.dtype

    @property
    def nbytes(self) -> int:
        """At most, of parts that are kept."""
        return 0 if self._image is None else KEPT_BYTES

    def __getitem__(self, box: tuple[slice, slice], /) -> Image:
        """Pixels, with 0 for what is no number. A file that was let go of is opened again."""
        rows, columns = _extents(box, self.shape)
        with self._lock:
            self._image = self._image or open_parted(self._path)
            pixels = self._image.read((columns.start, rows.start, columns.stop, rows.stop))
        return np.where(np.isfinite(pixels), pixels, pixels.dtype.type(0)) if pixels.dtype == np.float32 else pixels

    def close(self) -> None:
        """Let go of the file, until it is asked for again."""
        with self._lock:
            if self._image is not None:
                self._image.close()
            self._image = None


class Making:
    """The coarser levels on their way: strips of the finest, top to bottom, each halved, and halved again."""

    def __init__(self, path: Path, folder: Path) -> None:
        """Raises `OSError` where the disk has no room for them."""
        self._readers, self._folder = [Finest(path) for _ in range(AT_ONCE)], folder
        finest = self._readers[0]
        height, width, channels = finest.shape
        self.count = levels_of((height, width))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / WHOLE).unlink(missing_ok=True)
        shapes = [(-(-height // 2**z), -(-width // 2**z), channels) for z in range(self.count)]
        self.levels = [reserved(folder / f"{z}.npy", finest.dtype, shapes[z]) for z in range(1, self.count)]
        self.ranges = ranges_of(_sampled(finest))
        self._height, self._strip = height, _strip_rows(width * channels * finest.dtype.itemsize, self.count)
        self._made, self._arrived, self.trouble = 0, threading.Condition(), ""

    def step(self) -> bool:
        """Make the next strips; whether all are made. Raises `ImageFileError` where one is damaged, and `OSError`."""
        tops = range(self._made, self._height, self._strip)[: len(self._readers)]
        with ThreadPoolExecutor(len(tops)) as threads:
            end = max(threads.map(self._make, self._readers, tops))
        if end == self._height:
            write_json(self._folder / WHOLE, {"levels": self.count, "ranges": [list(pair) for pair in self.ranges]})
            self._close()
        with self._arrived:
            self._made = end
            self._arrived.notify_all()
        return end == self._height

    def stopped(self, words: str) -> None:
        """Say why it does not go on, to those who wait."""
        with self._arrived:
            self.trouble = words
            self._arrived.notify_all()
        self._close()

    def is_made(self, z: int = 0, row: int | None = None) -> bool:
        """Whether a level is there down to a row, or all of them are."""
        return self._made >= (self._height if row is None else min(row << z, self._height))

    def wait(self, z: int, row: int) -> None:
        """Until a level is there down to a row. Raises `NotReady`."""
        with self._arrived:
            self._arrived.wait_for(lambda: self.trouble or self.is_made(z, row), WAIT_SECONDS)
            if not self.is_made(z, row):
                share = self._made / self._height
                raise NotReady(self.trouble or f"The image is being read for the first time; {share:.0%} of it is there.")

    def _make(self, finest: Finest, top: int) -> int:
        """One strip of each level; where it ends."""
        end = min(top + self._strip, self._height)
        rows = finest[top:end, :]
        for z, level in enumerate(self.levels, 1):
            rows = np.concatenate(list(halved(rows)))
            level[top >> z : (top >> z) + len(rows)] = rows
        return end

    def _close(self) -> None:
        for reader in self._readers:
            reader.close()


class Coarser:
    """A level that is being made. What is not there yet is made on the spot where that is little, and waited for where not."""

    nbytes = 0

    def __init__(self, z: int, making: Making, finest: Finest, want: Callable[[Making], None]) -> None:
        self._z, self._making, self._finest, self._want = z, making, finest, want
        self.shape: tuple[int, ...] = making.levels[z - 1].shape
        self.dtype: np.dtype[Any] = finest.dtype

    def __getitem__(self, box: tuple[slice, slice], /) -> Image:
        """Raises `NotReady`, and `ImageFileError` where the file is damaged there."""
        rows, columns = _extents(box, self.shape)
        z = self._z
        if not self._making.is_made(z, rows.stop):
            self._want(self._making)
            if z <= ON_THE_SPOT:
                pixels = self._finest[rows.start << z : rows.stop << z, columns.start << z : columns.stop << z]
                for _ in range(z):
                    pixels = np.concatenate(list(halved(pixels)))
                return pixels
            self._making.wait(z, rows.stop)
        found: Image = self._making.levels[z - 1][rows, columns]
        return found


class Workshop:
    """One thread that makes coarser levels, strip by strip, always those of the image that was asked for last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._makings: dict[Path, Making] = {}  # last asked for, last
        self._waiting: list[Making] = []
        self._thread: threading.Thread | None = None

    def pyramid(self, path: Path, folder: Path) -> Pyramid:
        """The levels of an image, its coarser ones from the folder, or made into it. Raises `ImageFileError` and `OSError`."""
        finest = Finest(path)
        kept = _kept(folder, finest)
        if kept is not None:
            return kept
        with self._lock:
            making = self._makings.get(folder)
            if making is None:
                making = self._makings[folder] = Making(path, folder)
        self.want(making)
        coarser = [Coarser(z, making, finest, self.want) for z in range(1, making.count)]
        return Pyramid((finest, *coarser), making.ranges, making.is_made)

    def want(self, making: Making) -> None:
        """Go on with these levels before all others."""
        with self._lock:
            if making.is_made():
                return
            if making in self._waiting:
                self._waiting.remove(making)
            making.trouble = ""
            self._waiting.append(making)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="workshop", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Make nothing more; what is not whole is made anew another time."""
        with self._lock:
            thread, self._waiting = self._thread, []
        if thread is not None:
            thread.join()
        for making in self._makings.values():
            making.stopped("The server stops.")

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                making = self._waiting[-1]
            try:
                is_over = making.step()
            except (MaskwrightError, OSError) as error:
                making.stopped(str(error))
                is_over = True
            with self._lock:
                if is_over and making in self._waiting:
                    self._waiting.remove(making)
                if making.is_made():
                    self._makings = {folder: one for folder, one in self._makings.items() if one is not making}


def let_go(pyramid: Pyramid) -> None:
    """Close the file that the finest level is read from, if it is, until it is asked for again."""
    finest = pyramid.levels[0]
    if isinstance(finest, Finest):
        finest.close()


def _kept(folder: Path, finest: Finest) -> Pyramid | None:
    """The levels whose coarser ones lie in a folder, if all of them do."""
    try:
        value = read_json(folder / WHOLE)
        coarser: list[Level] = [np.load(folder / f"{z}.npy", mmap_mode="r") for z in range(1, int(value["levels"]))]
        ranges = tuple((float(low), float(high)) for low, high in value["ranges"])
    except (MaskwrightError, OSError, KeyError, TypeError, ValueError):
        return None
    return Pyramid((finest, *coarser), ranges)


def _extents(box: tuple[slice, slice], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Where the rows and columns of a box begin and end."""
    rows, columns = (slice(*part.indices(size)[:2]) for part, size in zip(box, shape, strict=False))
    return rows, columns


def _strip_rows(row_bytes: int, levels: int) -> int:
    """Rows of a strip: a power of two, so many that each level gets whole rows of it."""
    rows = 1 << (levels - 1)
    while 2 * rows * row_bytes <= STRIP_BYTES:
        rows *= 2
    return rows


def _sampled(finest: Finest) -> Image:
    """Boxes from all over the image, below one another."""
    height, width, channels = finest.shape
    if finest.dtype == np.uint8:
        return np.zeros((1, 1, channels), np.uint8)  # their range is known
    places = [(i * max(height - SAMPLE_PX, 0) // (SAMPLED - 1), j * max(width - SAMPLE_PX, 0) // (SAMPLED - 1))
              for i in range(SAMPLED) for j in range(SAMPLED)]  # fmt: skip
    boxes = [finest[top : top + SAMPLE_PX, left : left + SAMPLE_PX] for top, left in places]
    return np.concatenate([box.reshape(-1, 1, channels) for box in boxes])
