"""Objects of many images measured: one row an object, image after image, and what cannot be measured by name."""

import math
from collections.abc import Callable, Iterator, Sequence

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.data.record import Record
from maskwright.engine.masked_images import MaskedImages
from maskwright.formats.image_description import ImageDescription, image_description
from maskwright.formats.images import image_info, read_image
from maskwright.masks.measure import Row, columns, measure, numbered_channels, objects_of
from maskwright.masks.pixel_size import PixelSize
from maskwright.report.words import counted

NAMES_SHOWN = 5
IMAGE = "image"  # the first column

Progress = Callable[[int, int], None]


class Measuring:
    """The measures of the objects on many images. Files are read when rows are asked for, one image at a time.

    columns: of all rows, known beforehand from the images' headers. words: what is to be known of pixel sizes and channels.
    left_out: what was not measured, with the reason; complete when the rows have ended. crowds: regions that stand for no
    single object and have no row, as far as rows have been asked for.
    """

    def __init__(self, images: MaskedImages, *, pixel_size: PixelSize | None = None) -> None:
        self.left_out = list(images.left_out)
        self.crowds = 0
        self._measured_images = 0
        self._images, self._given = images, pixel_size
        self._described: dict[str, ImageDescription] = {}
        self._channels: dict[str, tuple[str, ...]] = {}
        for record in images.records:
            try:
                self._look(record)
            except MaskwrightError as error:
                self.left_out.append(str(error))
        self._records = [record for record in images.records if record.id in self._channels]
        if not self._records:
            raise DataError(f"No image can be measured. {self.left_out[0]}")
        sizes = [size for record in self._records if (size := self._size(record)) is not None]
        named = dict.fromkeys(name for names in self._channels.values() for name in names)
        self.unit = sizes[0].unit if sizes else None
        of_objects = columns(tuple(named), unit=self.unit, is_square=all(size.is_square for size in sizes))
        self.columns = (IMAGE, *of_objects)
        self.words = (*self._size_words(), *self._channel_words())

    def __len__(self) -> int:
        """Images that are to be measured."""
        return len(self._records)

    def rows(self, progress: Progress | None = None) -> Iterator[Row]:
        """One row an object. An image that cannot be measured stops nothing: it goes to `left_out`."""
        for done, record in enumerate(self._records, 1):
            try:
                rows = self._measured(record)
                self._measured_images += 1
                yield from rows
            except (MaskwrightError, OSError, MemoryError, RuntimeError) as error:
                reason = str(error) or type(error).__name__
                self.left_out.append(f"{record.image}: {reason.removeprefix(f'{record.image}: ')}")
            if progress is not None:
                progress(done, len(self._records))

    def require_measured(self) -> None:
        """Raises `DataError` where every image was left out, so that a table of nothing is not taken for one of no objects."""
        if not self._measured_images:
            raise DataError(f"No image could be measured. {self.left_out[0]}")

    def _measured(self, record: Record) -> Sequence[Row]:
        image = read_image(record.image, max_pixels=self._images.max_pixels)
        objects = objects_of(self._images.segmentation(record, image))
        rows = measure(objects, image, pixel_size=self._size(record), channel_names=self._channels[record.id])
        self.crowds += int(objects.is_crowd.sum())
        numbers = self._images.numbers(record)
        if numbers is not None:
            rows = [row | {"object": numbers[int(row["object"]) - 1]} for row in rows]
        if not self._images.has_scores:
            rows = [row | {"score": math.nan} for row in rows]
        return [{IMAGE: self._images.name(record), **row} for row in rows]

    def _look(self, record: Record) -> None:
        channels = image_info(record.image, max_pixels=self._images.max_pixels).channels
        described = self._described[record.id] = image_description(record.image)
        names = described.channel_names
        self._channels[record.id] = names if len(names) == channels else numbered_channels(channels)

    def _size(self, record: Record) -> PixelSize | None:
        return self._given or self._described[record.id].pixel_size

    def _size_words(self) -> Iterator[str]:
        """Where the pixel sizes come from, and what contradicts or lacks them."""
        said = [(record, size) for record in self._records if (size := self._described[record.id].pixel_size) is not None]
        if self._given is not None:
            others = [record for record, size in said if str(size) != str(self._given.to(size.unit))]
            if others:
                size = self._described[others[0].id].pixel_size
                yield (
                    f"{counted(len(others), 'file')} with another pixel size, such as {others[0].image.name}: {size}; "
                    f"{self._given} is taken, as was said"
                )
        elif not said:
            yield "no pixel size is known, so all is in pixels; say it with --pixel-size 0.65um"
        else:
            sizes = sorted({str(size) for _, size in said})
            sources = " and ".join(sorted({self._described[record.id].source for record, _ in said}))
            several = f"{len(sizes)} pixel sizes ({', '.join(sizes[:NAMES_SHOWN])}{', ...' * (len(sizes) > NAMES_SHOWN)})"
            yield f"{several if len(sizes) > 1 else f'pixel size {sizes[0]}'}, as the {sources} metadata of the files say"
            if len(said) < len(self._records):
                yield f"{counted(len(self._records) - len(said))} without a pixel size: cells in {self.unit} are empty there"
        sizes_taken = [size for record in self._records if (size := self._size(record)) is not None]
        if not all(size.is_square for size in sizes_taken):
            yield f"pixels are not square: perimeters in {self.unit} are not defined and empty there"

    def _channel_words(self) -> Iterator[str]:
        lists = set(self._channels.values())
        if len(lists) > 1:
            some = "; ".join(", ".join(names) for names in sorted(lists)[:NAMES_SHOWN])
            yield f"the images differ in their channels ({some}); a channel that an image lacks is an empty cell"
