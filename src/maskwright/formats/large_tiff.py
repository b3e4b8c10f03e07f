"""TIFF and OME-TIFF, BigTIFF too, read part by part: tiles, strips, or rows where nothing is compressed."""

from collections import OrderedDict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from jaxtyping import Num, Shaped

from maskwright.base.errors import ImageFileError
from maskwright.formats.large_axes import Axes, Axis, named, plane_names, sides
from maskwright.formats.shown import shown, shown_as
from maskwright.formats.tiff_pages import described, opened

KEPT_BYTES = 64 * 2**20  # of decoded tiles or strips, so that those which neighbours share are decoded once
MOST_SEGMENT_BYTES = 256 * 2**20  # of one tile or strip: a file that is one strip is no more lazy than a PNG
JPEG = (6, 7, 33007, 34892)  # compressions whose tables lie outside of the tiles


class LargeTiff:
    """The first image of a TIFF: its planes, and any box of one. Levels of a pyramid other than the first are passed over."""

    version = ""

    def __init__(self, path: Path, said: str = "") -> None:
        """Raises `ImageFileError` where the file is cut off, or is made so that a part of it cannot be read alone.

        said: the file's axes as a person names them, as "ZYX", where the file does not.
        """
        self.path = Path(path)
        self._open = ExitStack()
        with self._open:
            self._file = self._open.enter_context(opened(self.path))
            series = self._file.series[0]
            self._page = series.keyframe
            self.order = named(_own_axes(series, self.path), series.shape, said, self.path)
            self._pages, counted, channels = _arranged(series, self.path, self.order)
            self.header = described(self._file, self.path, channels)
            if self.header.orientation != 1:
                raise ImageFileError(
                    f"{self.path}: is stored turned (orientation {self.header.orientation}), and turned images are not read "
                    f"part by part. Save it upright."
                )
            self.size_hw, self.notes = self.header.size_hw, self.header.notes
            self.axes = (*counted, *sides(self.path, self.size_hw))
            self.planes = plane_names(self.axes)
            self.channels, self.dtype = shown_as(self.header)
            self._kept: OrderedDict[tuple[int, int], Shaped[np.ndarray, "h w s"]] = OrderedDict()
            self._rows_at = None if self._page.is_tiled else series.dataoffset  # one block of plain numbers from there on
            if self._rows_at is None:
                self._check_segments(series)
            elif self._rows_at + series.nbytes > self.path.stat().st_size:
                raise self._cut_off(self._rows_at + series.nbytes)
            self._open = self._open.pop_all()

    def read(self, box_xyxy: tuple[int, int, int, int], plane: int = 0) -> Num[np.ndarray, "h w c"]:
        """The pixels of a half-open box of a plane."""
        pixels = self.stored(box_xyxy, plane)
        return shown(pixels[..., 0] if self.header.color == "palette" else pixels, self.header, self.path)

    def stored(self, box_xyxy: tuple[int, int, int, int], plane: int = 0) -> Shaped[np.ndarray, "h w s"]:
        """The same, as the file holds them: indices of a palette, and integers of any width."""
        parts = [self._part(page, box_xyxy) for page in self._pages[plane]]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)

    def close(self) -> None:
        """Let go of the file."""
        self._open.close()

    def _part(self, page: int, box: tuple[int, int, int, int]) -> Shaped[np.ndarray, "h w s"]:
        return self._of_segments(page, box) if self._rows_at is None else self._of_rows(page, box)

    def _of_rows(self, page: int, box: tuple[int, int, int, int]) -> Shaped[np.ndarray, "h w s"]:
        """From a file without compression: of each row what is asked for. `page` counts planes of one block of numbers."""
        assert self._rows_at is not None
        x0, y0, x1, y1 = box
        height, width = self.size_hw
        dtype = np.dtype(self._page.dtype).newbyteorder(self._file.byteorder)
        separate = self._page.planarconfig == 2 and self._page.samplesperpixel > 1
        samples = 1 if separate else self._page.samplesperpixel
        planes = self._page.samplesperpixel if separate else 1
        out = np.empty((y1 - y0, x1 - x0, samples * planes), dtype.newbyteorder("="))
        for sample in range(planes):
            for y in range(y0, y1):
                first = ((page * planes + sample) * height + y) * width + x0
                self._file.filehandle.seek(self._rows_at + first * samples * dtype.itemsize)
                row = self._file.filehandle.read((x1 - x0) * samples * dtype.itemsize)
                out[y - y0, :, sample * samples : (sample + 1) * samples] = np.frombuffer(row, dtype).reshape(-1, samples)
        return out

    def _of_segments(self, page: int, box: tuple[int, int, int, int]) -> Shaped[np.ndarray, "h w s"]:
        """From the tiles or strips that meet the box."""
        x0, y0, x1, y1 = box
        high, wide, down, across = self._grid()
        planes = self._page.samplesperpixel if self._page.planarconfig == 2 else 1
        samples = 1 if planes > 1 else self._page.samplesperpixel
        out = np.empty((y1 - y0, x1 - x0, samples * planes), np.dtype(self._page.dtype).newbyteorder("="))
        for sample in range(planes):
            for i in range(y0 // high, -(-y1 // high)):
                for j in range(x0 // wide, -(-x1 // wide)):
                    segment = self._segment(page, (sample * down + i) * across + j)
                    top, left = i * high, j * wide
                    rows, columns = slice(max(y0, top), min(y1, top + high)), slice(max(x0, left), min(x1, left + wide))
                    here = out[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0]
                    here[..., sample * samples : (sample + 1) * samples] = segment[
                        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
                    ]
        return out

    def _grid(self) -> tuple[int, int, int, int]:
        """Rows and columns of a tile or strip, and how many lie below and beside one another."""
        height, width = self.size_hw
        if self._page.is_tiled:
            high, wide = self._page.tilelength, self._page.tilewidth
        else:
            high, wide = min(self._page.rowsperstrip, height), width
        return high, wide, -(-height // high), -(-width // wide)

    def _segment(self, number: int, index: int) -> Shaped[np.ndarray, "h w s"]:
        """A decoded tile or strip, from those that are kept where it is there."""
        key = (number, index)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        page: Any = self._file.series[0].pages[number]  # none is missing, which was checked
        tables = {"jpegtables": page.jpegtables, "jpegheader": self._page.jpegheader} if self._page.compression in JPEG else {}
        try:
            self._file.filehandle.seek(page.dataoffsets[index])
            data = self._file.filehandle.read(page.databytecounts[index])
            decoded: Any = self._page.decode(data, index, **tables)[0]
            pixels: Shaped[np.ndarray, "h w s"] = decoded[0]
        except Exception as error:  # a damaged tile makes codecs raise almost anything
            kind = "tile" if self._page.is_tiled else "strip"
            where = f" of plane {number}" if len(self._pages) > 1 else ""
            raise ImageFileError(
                f"{self.path}: {kind} {index}{where} is damaged ({error}). Copy or export the file again."
            ) from error
        self._kept[key] = pixels
        while sum(kept.nbytes for kept in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)
        return pixels

    def _check_segments(self, series: tifffile.TiffPageSeries) -> None:
        """Raises `ImageFileError` where tiles or strips are missing, lie beyond the end of the file, or are too large."""
        high, wide, down, across = self._grid()
        samples = self._page.samplesperpixel
        size = high * wide * samples * np.dtype(self._page.dtype).itemsize
        if size > MOST_SEGMENT_BYTES:
            raise ImageFileError(
                f"{self.path}: the TIFF is stored in pieces of {high} x {wide} pixels, each of which must be unpacked whole "
                f"({size / 2**20:.0f} MB). Convert it into tiles, as with "
                f"'vips tiffsave {self.path.name} tiled.tif --tile --compression deflate --bigtiff'."
            )
        expected = down * across * (samples if self._page.planarconfig == 2 else 1)
        length = self.path.stat().st_size
        for page in series.pages:
            if page is None:
                raise ImageFileError(f"{self.path}: a plane of the TIFF is missing. Copy or export the file again.")
            if len(page.dataoffsets) != expected:
                raise ImageFileError(
                    f"{self.path}: the file of {length} bytes claims {self.size_hw[1]} x {self.size_hw[0]} pixels in "
                    f"{expected} pieces and holds {len(page.dataoffsets)}. Copy or export it again."
                )
            ends = np.add(page.dataoffsets, page.databytecounts, dtype=np.int64)
            if min(page.databytecounts) <= 0 or ends.max() > length:
                raise self._cut_off(int(ends.max()))

    def _cut_off(self, end: int) -> ImageFileError:
        return ImageFileError(
            f"{self.path}: the TIFF file is cut off: it has {self.path.stat().st_size} bytes, but pixels lie up to {end}, or "
            f"some are left out. Copy or export it again."
        )


def has_planes(path: Path) -> bool:
    """Whether a TIFF has an axis longer than 1 beside rows, columns and channels: it is a stack, or does not say what it is."""
    try:
        with opened(path) as file:
            series = file.series[0]
            return any(size > 1 for axis, size in zip(series.axes, series.shape, strict=True) if axis not in "YXSC")
    except ImageFileError:
        return False


def _own_axes(series: tifffile.TiffPageSeries, path: Path) -> str:
    """The axes as a TIFF names them, where the samples of a pixel are S even if it calls them C.

    Raises `ImageFileError` where it calls them slices or times, as tifffile stores three slices that nobody said are gray.
    """
    axes, of_page = series.axes, series.keyframe.axes
    if "S" not in of_page or "S" in axes:
        return axes
    place = len(axes) + of_page.index("S") - len(of_page)
    if axes[place] != "C":
        raise ImageFileError(
            f"{path}: its axis {axes[place]} ({series.shape[place]} long) is stored as the colours of a pixel, which are no "
            "planes. Write the file anew with gray pages, as tifffile does with photometric='minisblack'."
        )
    return f"{axes[:place]}S{axes[place + 1 :]}"


def _arranged(series: tifffile.TiffPageSeries, path: Path, axes: str) -> tuple[list[list[int]], Axes, int]:
    """The pages of each plane, one a channel where channels are pages; the axes that count planes; values a pixel.

    Raises `ImageFileError` that shows the axes where these are not those of images.
    """
    page = series.keyframe
    inner = page.axes.lstrip("Z") if page.axes.startswith("Z") and page.imagedepth == 1 else page.axes
    if inner not in ("YX", "YXS", "SYX"):
        raise ImageFileError(f"{path}: a page of the TIFF has the axes {page.axes}, which are not those of images.")
    leading = [(axis, size) for axis, size in zip(axes, series.shape, strict=True) if axis not in "YXS"]
    numbers = np.arange(int(np.prod([size for _, size in leading], dtype=np.int64))).reshape([size for _, size in leading])
    names = [axis for axis, _ in leading]
    numbers = np.moveaxis(numbers, names.index("C"), -1) if "C" in names else numbers[..., None]
    counted = tuple(Axis(axis.lower(), size) for axis, size in leading if axis != "C")
    return numbers.reshape(-1, numbers.shape[-1]).tolist(), counted, numbers.shape[-1] * page.samplesperpixel
