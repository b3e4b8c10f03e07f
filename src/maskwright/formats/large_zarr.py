"""OME-Zarr (0.4 and 0.5) and plain Zarr arrays read part by part, through the zarr library of the extra `large`."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Num

from maskwright.base.errors import ImageFileError, MaskwrightError
from maskwright.formats.large_axes import Axis, named, place_of, plane_names
from maskwright.formats.shown import shown
from maskwright.formats.stored import Header

MARKS = (".zarray", ".zgroup", "zarr.json")  # one of them lies in the folder of any array or group
FEW_CHANNELS = 4  # an axis without a name that is no longer than this holds channels


class LargeZarr:
    """The finest level of an OME-Zarr image, or an array of two or three axes: its planes, and any box of one."""

    def __init__(self, path: Path, said: str = "") -> None:
        """Raises `ImageFileError` where there is no image; `MaskwrightError` where the zarr library is not installed.

        said: the array's axes as a person names them, as "ZYX", where it does not.
        """
        self.path = Path(path)
        self._array, own, self.version = _opened(self.path)
        if 0 in self._array.shape:
            size = " x ".join(map(str, self._array.shape))
            raise ImageFileError(f"{self.path}: holds no pixels, its array is {size}. Copy or export it again.")
        axes = named("".join(axis.name for axis in own).upper(), self._array.shape, said, self.path).lower()
        self._axes, self.order = axes, axes.upper()
        shape = dict(zip(axes, self._array.shape, strict=True))
        self.size_hw, channels = (shape["y"], shape["x"]), shape.get("c", 1)
        self._header = Header(
            "zarr", self.size_hw, "channels" if channels > 1 else "gray", channels, False,
            np.dtype(self._array.dtype), 8 * np.dtype(self._array.dtype).itemsize,
        )  # fmt: skip
        self.channels = channels
        self.dtype = shown(np.zeros((1, 1, channels), self._array.dtype), self._header, self.path).dtype
        self.axes = tuple(replace(axis, name=name) for axis, name in zip(own, axes, strict=True) if name != "c")
        self.planes = plane_names(self.axes)
        missing = self._array.nchunks - self._array.nchunks_initialized if self._array.shards is None else 0
        note = f"{missing} of {self._array.nchunks} chunks are not there; they are read as {self._array.fill_value}"
        self.notes: tuple[str, ...] = (note,) if missing else ()

    def read(self, box_xyxy: tuple[int, int, int, int], plane: int = 0) -> Num[np.ndarray, "h w c"]:
        """The pixels of a half-open box of a plane."""
        x0, y0, x1, y1 = box_xyxy
        place = iter(place_of(self.axes, plane))
        here = {"c": slice(None), "y": slice(y0, y1), "x": slice(x0, x1)}
        index = tuple(here[axis] if axis in here else next(place) for axis in self._axes)
        try:
            pixels = np.asarray(self._array[index])
        except Exception as error:  # a damaged chunk makes codecs raise almost anything
            raise ImageFileError(f"{self.path}: {self._damaged(index, error)}. Copy or export it again.") from error
        if "c" in self._axes:
            pixels = np.moveaxis(pixels, [axis for axis in self._axes if axis in "cyx"].index("c"), -1)
        return shown(pixels, self._header, self.path)

    def close(self) -> None:
        """Nothing is held open."""

    def _damaged(self, index: tuple[Any, ...], error: Exception) -> str:
        """Which of the chunks that were asked for cannot be read, by its key."""
        grid = [
            range(i.start or 0, size if i.stop is None else i.stop) if isinstance(i, slice) else range(i, i + 1)
            for i, size in zip(index, self._array.shape, strict=True)
        ]
        chunks = self._array.chunks
        counts = [range(r.start // c, -(-r.stop // c)) for r, c in zip(grid, chunks, strict=True)]
        for offset in np.ndindex(*(len(count) for count in counts)):
            coordinates = tuple(count[i] for count, i in zip(counts, offset, strict=True))
            corner = tuple(slice(i * c, (i + 1) * c) for i, c in zip(coordinates, chunks, strict=True))
            try:
                self._array[corner]
            except Exception as each:
                key = self._array.metadata.encode_chunk_key(coordinates)
                return f"the chunk {self._array.path}/{key} is damaged ({each})".replace(" /", " ")
        return f"a chunk is damaged ({error})"


def require(path: Path, what: str) -> None:
    """Raises `MaskwrightError` where the zarr library is not installed."""
    if importlib.util.find_spec("zarr") is None:
        raise MaskwrightError(f"{path}: {what} Zarr needs another package. Install it with: pip install 'maskwright[large]'")


def _opened(path: Path) -> tuple[Any, list[Axis], str]:
    """The array of the finest level, its axes, and the version of OME-NGFF, which is empty for a plain array."""
    require(path, "reading")
    import zarr

    try:
        found = zarr.open(str(path), mode="r")
        if isinstance(found, zarr.Array):
            return found, _guessed(found), ""
        attributes: dict[str, Any] = dict(found.attrs)
        ome = attributes.get("ome", attributes)
        scales = ome["multiscales"][0]
        array = found[scales["datasets"][0]["path"]]
        axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in scales.get("axes", "tczyx")]
        if not isinstance(array, zarr.Array) or len(axes) != array.ndim:
            raise ValueError(f"{len(axes)} axes are named, and the array is {array!r}")
        spacing = _spacing(scales, len(axes))
        described = [
            Axis(str(axis["name"])[:1], length, side, str(axis.get("unit") or ""))
            for axis, length, side in zip(axes, array.shape, spacing, strict=True)
        ]
        return array, described, "0.5" if "ome" in attributes else "0.4"
    except ImageFileError:
        raise
    except Exception as error:  # foreign metadata makes the reader raise almost anything
        raise ImageFileError(
            f"{path}: no image is found in this Zarr ({type(error).__name__}: {error}). An array of two or three axes, or an "
            f"OME-Zarr image with its multiscales, is read."
        ) from error


def _spacing(scales: dict[str, Any], axes: int) -> list[float]:
    """How far apart the places of each axis are at the finest level: the scales of the level and of all levels, multiplied."""
    spacing = [1.0] * axes
    for holder in (scales["datasets"][0], scales):
        for step in holder.get("coordinateTransformations", ()):
            if step.get("type") == "scale" and len(step.get("scale", ())) == axes:
                spacing = [a * float(b) for a, b in zip(spacing, step["scale"], strict=True)]
    return spacing


def _guessed(array: Any) -> list[Axis]:
    """The axes of an array outside of OME-Zarr: as it names them, else as images are kept; '?' is one that says nothing."""
    shape = array.shape
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS") or ()
    if len(names) != len(shape) or not all(names):
        names = "yxc" if len(shape) == 3 and shape[2] <= FEW_CHANNELS else "?" * max(len(shape) - 2, 0) + "yx"
    return [Axis(str(name)[:1].lower(), length) for name, length in zip(names, shape, strict=True)]
