"""What a page is shown of images: tiles and small pictures in a contrast window, of images that are decoded once."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import imagecodecs
import numpy as np
from jaxtyping import Num, UInt8
from PIL import Image as Pillow

from maskwright.base.errors import MaskwrightError
from maskwright.formats.file_state import status_of
from maskwright.formats.images import read_image
from maskwright.formats.plane_paths import axes_of, file_of, is_plane, short_name
from maskwright.studio.image_files import LARGE_BYTES, is_parted
from maskwright.studio.objects import NotPossible
from maskwright.studio.parted import Workshop, let_go
from maskwright.studio.pyramid import Pyramid, keep, kept_pyramid, pyramid
from maskwright.studio.stacks import ranges_of_stack
from maskwright.studio.store import FileState

MEMORY_BYTES = 512 << 20  # of decoded images that are kept; the one in use is, whatever its size
DISK_BYTES = 20 << 30  # of large images that are kept decoded in the project's cache
CACHE = "cache"
JPEG_QUALITY = 90

Format = Literal["png", "jpeg", "webp", "raw"]
MEDIA_TYPES: dict[str, str] = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "raw": "application/octet-stream",
}


@dataclass(frozen=True)
class View:
    """How values become colours. None: what suits the image."""

    channels: tuple[int, ...] | None = None
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    gamma: float = 1.0


class Pictures:
    """The images of a project, decoded when they are asked for first; the last ones stay."""

    def __init__(self, folder: Path, *, max_pixels: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self.folder, self.max_pixels, self.memory_bytes = Path(folder) / CACHE, max_pixels, memory_bytes
        self._kept: OrderedDict[str, Pyramid] = OrderedDict()
        self._decoding: dict[str, threading.Lock] = {}
        self._ranges: dict[str, tuple[tuple[float, float], ...]] = {}
        self._lock = threading.Lock()
        self._workshop = Workshop()

    def get(self, path: Path) -> Pyramid:
        """The levels of an image. Raises `ImageFileError` where it cannot be read, `OSError` where it is not there."""
        status = status_of(path)
        plane = "".join(f"-{axis}{place}" for axis, place in axes_of(path).items())
        key = f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}{plane}"
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            decoding = self._decoding.setdefault(key, threading.Lock())
        with decoding:  # two tiles of one image wait for one decoding
            with self._lock:
                if key in self._kept:
                    return self._kept[key]
            made = self._decoded(path, key)
            with self._lock:
                self._kept[key] = made
                self._decoding.pop(key, None)
                while len(self._kept) > 1 and sum(one.bytes_in_memory for one in self._kept.values()) > self.memory_bytes:
                    let_go(self._kept.popitem(last=False)[1])
        return made

    def tried(self, state: FileState) -> tuple[Pyramid | None, FileState]:
        """The levels of an image, or None and a state that says what is wrong with the file."""
        try:
            return self.get(state.path), state
        except OSError as error:
            return None, replace(state, trouble=f"{short_name(state.path)}: cannot be read ({error.strerror or error}).")
        except MaskwrightError as error:
            return None, replace(state, trouble=str(error))

    def close(self) -> None:
        """Let go of all files."""
        self._workshop.close()
        for kept in self._kept.values():
            let_go(kept)

    def _decoded(self, path: Path, key: str) -> Pyramid:
        folder = self.folder / key
        if folder.is_dir():
            return kept_pyramid(folder)
        if is_parted(path):
            made = self._workshop.pyramid(path, self.folder / f"{key}-parts")
            self._make_room(self.folder / f"{key}-parts")
            return made
        image = read_image(path, max_pixels=self.max_pixels)
        if is_plane(path):
            made = pyramid(image)
            return made if image.dtype == np.uint8 else replace(made, ranges=self._ranges_of_stack(path))
        if image.nbytes < LARGE_BYTES:
            return pyramid(image)
        keep(folder, image)
        self._make_room(folder)
        return kept_pyramid(folder)

    def _ranges_of_stack(self, plane: Path) -> tuple[tuple[float, float], ...]:
        """Learnt once a stack, and anew when its file has changed."""
        file = f"{file_of(plane)} {status_of(plane).st_mtime_ns}"
        if file not in self._ranges:
            self._ranges[file] = ranges_of_stack(plane)
        return self._ranges[file]

    def _make_room(self, newest: Path) -> None:
        """Delete the images that were decoded longest ago, beyond the bound."""
        folders = sorted(self.folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
        total = 0
        for folder in folders:
            files = [file for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []
            total += sum(file.stat().st_size for file in files)
            if total > DISK_BYTES and folder != newest:
                for file in files:
                    file.unlink(missing_ok=True)
                folder.rmdir()


def shown(values: Num[np.ndarray, "h w c"], ranges: Sequence[tuple[float, float]], view: View) -> UInt8[np.ndarray, "h w k"]:
    """Values as gray or RGB. Raises `NotPossible` for channels that there are not and windows without width."""
    count = values.shape[2]
    chosen = view.channels or (tuple(range(count)) if count in (1, 3) else tuple(range(min(count, 3))))
    if len(chosen) > 3 or not all(0 <= channel < count for channel in chosen):
        raise NotPossible(f"The image has {count} channels; channels are up to three of 0 to {count - 1}.")
    low, high = ([ranges[channel][place] for channel in chosen] for place in (0, 1))
    low, high = (_each(said, known) for said, known in ((view.low, low), (view.high, high)))
    if any(b <= a for a, b in zip(low, high, strict=True)) or view.gamma <= 0:
        raise NotPossible("A window of contrast goes from a lower to a higher value, and gamma is above 0.")
    if values.dtype == np.uint8 and view.gamma == 1 and set(zip(low, high, strict=True)) == {(0.0, 255.0)}:
        painted = values if chosen == tuple(range(count)) else values[..., list(chosen)]
    else:
        start = np.array(low, np.float32)
        part = (values[..., list(chosen)].astype(np.float32) - start) / (np.array(high, np.float32) - start)
        painted = (np.clip(part, 0, 1) ** np.float32(1 / view.gamma) * 255 + 0.5).astype(np.uint8)
    if len(chosen) == 2:
        painted = np.concatenate([painted, np.zeros_like(painted[..., :1])], axis=2)
    return np.ascontiguousarray(painted)


def encoded(pixels: UInt8[np.ndarray, "h w k"], format: Format) -> bytes:
    """A picture as a file."""
    flat = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    if format == "jpeg":
        return bytes(imagecodecs.jpeg_encode(flat, level=JPEG_QUALITY))
    if format == "webp":
        return bytes(imagecodecs.webp_encode(pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2), lossless=True))
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(flat), level=1))


def raw(values: Num[np.ndarray, "h w c"]) -> bytes:
    """Values as they are, little-endian."""
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def small(found: Pyramid, view: View, size: int) -> UInt8[np.ndarray, "h w k"]:
    """The whole image with its longer side at most `size`."""
    level = next((level for level in reversed(found.levels) if max(level.shape[:2]) >= size), found.levels[0])
    pixels = shown(level[:, :], found.ranges, view)
    height, width = pixels.shape[:2]
    if max(height, width) <= size:
        return pixels
    scale = size / max(height, width)
    target = (max(round(width * scale), 1), max(round(height * scale), 1))
    picture = Pillow.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    resized = np.asarray(picture.resize(target, Pillow.Resampling.BOX))
    return resized[..., None] if resized.ndim == 2 else resized


def _each(said: tuple[float, ...] | None, known: list[float]) -> list[float]:
    """A number for each channel: those that were said, one for all, or the image's own."""
    if said is None:
        return known
    if len(said) not in (1, len(known)):
        raise NotPossible(f"{len(said)} numbers were given for {len(known)} channels. Give one, or one for each.")
    return list(said) * (len(known) if len(said) == 1 else 1)
