"""What a plan is made from: sizes, channels, intensities, class shares, and the sizes and numbers of objects."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int64, Num, UInt16
from scipy import ndimage

from maskwright.base.errors import DataError
from maskwright.base.rng import stream
from maskwright.data.crowding import Crowding
from maskwright.data.dataset import DataSet
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.convert import things_of, to_label_map
from maskwright.masks.regions import components, object_areas, outline_lengths
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segmentation

PIXELS_READ = 4096  # pixels of an image that the intensities are taken from, drawn at random: a thousand images give 4 million
PERCENTILES = (0.5, 50.0, 99.5)
AREA_PERCENTILES = (10.0, 50.0, 90.0)
MOST_MEASURED = 128  # images in which thickness is measured, spread evenly: a distance transform is slow
WINDOW = 512  # pixels of the side of the middle part in which it is measured
LINE = 100  # an area of more than so many squares of its thickness is a line or a net, not a blob


@dataclass(frozen=True)
class Intensity:
    """The values of one channel over all images: the 0.5th, 50th and 99.5th percentile, mean and standard deviation."""

    low: float
    median: float
    high: float
    mean: float
    std: float


@dataclass(frozen=True)
class Fingerprint:
    """What a data set is like, in numbers. Tuples of classes are in the order of their ids; sizes are in pixels.

    sizes_hw: of every image. class_pixels: over all images, `ignored_pixels` apart. object_sizes: 10th, 50th and 90th
    percentile of the areas of each class's objects (instances, or connected parts), None for classes that never occur and for
    class 0, unless that is a thing. objects_per_image: the median number of objects. thickness: what half of the foreground
    reaches, measured across an object's middle line; None without foreground. It tells membranes and vessels from cells.
    up_down: how differently the classes are shared out in the upper and lower halves of images, from 0 (alike) to 1; streets
    have a top, tissue has none. color: how far the channels of a typical RGB image differ, from 0 (gray) to 1; photographs have
    0.04 and more. class_widths: of every class four times its area over the length of its outlines, the rim of images among
    them: some 0.8 of a disc's diameter, 1.4 to 2 times the width of a line; None for classes that never occur.

    Of data whose objects are known one by one (`data.crowding`): most_objects of an image; extent, the longer side of nearly
    the largest, and sides, those of most (None where objects are not known); overlap, the share of their pixels that lie under
    others; touching, the share of objects that touch or overlap another.
    """

    images: int
    sizes_hw: tuple[tuple[int, int], ...]
    channels: int
    dtypes: tuple[str, ...]
    intensity: tuple[Intensity, ...]
    class_names: tuple[str, ...]
    class_pixels: tuple[int, ...]
    ignored_pixels: int
    images_with_class: tuple[int, ...]
    object_sizes: tuple[tuple[float, float, float] | None, ...]
    objects_per_image: float
    thickness: float | None
    up_down: float = 0.0
    color: float = 0.0
    class_widths: tuple[float | None, ...] = ()
    most_objects: int = 0
    extent: float | None = None
    sides: tuple[float, float] | None = None
    overlap: float = 0.0
    touching: float = 0.0

    @property
    def class_shares(self) -> tuple[float, ...]:
        """Part of the pixels that count which each class has."""
        total = max(sum(self.class_pixels), 1)
        return tuple(pixels / total for pixels in self.class_pixels)

    @property
    def ignored_share(self) -> float:
        """Part of all pixels that counts in no loss and no score."""
        return self.ignored_pixels / max(sum(self.class_pixels) + self.ignored_pixels, 1)

    @property
    def typical_sides(self) -> tuple[float, ...]:
        """The side of a square as large as the typical object, of each class that has sizes."""
        return tuple(sqrt(areas[1]) for areas in self.object_sizes if areas)

    @property
    def median_size_hw(self) -> tuple[int, int]:
        heights, widths = zip(*self.sizes_hw, strict=True)
        return int(np.median(heights)), int(np.median(widths))

    def to_json(self) -> dict[str, Any]:
        """The fingerprint as JSON values; `from_json` gives it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Fingerprint":
        """The fingerprint that `to_json` wrote. Raises `DataError` where a part is missing."""
        try:
            return cls(
                images=int(value["images"]),
                sizes_hw=tuple((int(height), int(width)) for height, width in value["sizes_hw"]),
                channels=int(value["channels"]),
                dtypes=tuple(value["dtypes"]),
                intensity=tuple(Intensity(**channel) for channel in value["intensity"]),
                class_names=tuple(value["class_names"]),
                class_pixels=tuple(value["class_pixels"]),
                ignored_pixels=int(value["ignored_pixels"]),
                images_with_class=tuple(value["images_with_class"]),
                object_sizes=tuple(areas and (areas[0], areas[1], areas[2]) for areas in value["object_sizes"]),
                objects_per_image=float(value["objects_per_image"]),
                thickness=value["thickness"],
                up_down=float(value["up_down"]),
                color=float(value.get("color", 0.0)),
                class_widths=tuple(value.get("class_widths", ())),
                most_objects=int(value.get("most_objects", 0)),
                extent=value.get("extent"),
                sides=(value["sides"][0], value["sides"][1]) if value.get("sides") else None,
                overlap=float(value.get("overlap", 0.0)),
                touching=float(value.get("touching", 0.0)),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DataError(f"This is no fingerprint of a data set; wrong at: {error!r}. Make it anew.") from error

    def words(self) -> tuple[str, ...]:
        """The fingerprint in sentences."""
        return (self._image_words(), self._intensity_words(), *self._class_words(), self._object_words())

    def _image_words(self) -> str:
        kinds = {1: "gray", 3: "RGB"}.get(self.channels, f"{self.channels}-channel")
        sizes = sorted(set(self.sizes_hw), key=lambda size: size[0] * size[1])
        (low_h, low_w), (high_h, high_w) = sizes[0], sizes[-1]
        of_size = f"{low_w} x {low_h} pixels" if len(sizes) == 1 else f"from {low_w} x {low_h} to {high_w} x {high_h} pixels"
        return (
            f"{self.images} {kinds} image{'s' * (self.images != 1)}, {of_size} (width x height), {' and '.join(self.dtypes)}."
        )

    def _intensity_words(self) -> str:
        channels = [f"{c.low:.4g} to {c.high:.4g}, median {c.median:.4g}" for c in self.intensity[:4]]
        more = "; ..." if len(self.intensity) > 4 else ""
        return f"Intensities, leaving out the darkest and brightest 0.5 %: {'; '.join(channels)}{more}."

    def _class_words(self) -> list[str]:
        ignored = [f"{_percent(self.ignored_share)} of all pixels are marked to be left out."] if self.ignored_pixels else []
        rows = zip(self.class_names, self.class_shares, self.images_with_class, self.object_sizes, strict=True)
        return [
            f"{name}: {_percent(share)} of the pixels, in {count} of {self.images} images"
            + (f", in areas of typically {areas[1]:.0f} pixels (most {areas[0]:.0f} to {areas[2]:.0f})." if areas else ".")
            for name, share, count, areas in rows
        ] + ignored

    def _object_words(self) -> str:
        if self.thickness is None:
            return "There is no foreground."
        largest = max((areas[2] for areas in self.object_sizes if areas), default=0.0)
        shape = "thin and long, like lines or nets" if self.thickness**2 * LINE < largest else "compact"
        objects = "1 object" if self.objects_per_image == 1 else f"{self.objects_per_image:.0f} objects"
        return f"Typically {objects} an image; the foreground is about {self.thickness:.0f} pixels thick ({shape})."


class _Tally:
    """What has been counted so far; grows by one sample at a time, so that no more than one image is in memory."""

    def __init__(self, classes: Classes, stride: int) -> None:
        self.classes, self.stride = classes, stride
        self.sizes_hw: list[tuple[int, int]] = []
        self.channels: Counter[int] = Counter()
        self.example: dict[int, str] = {}
        self.dtypes: set[str] = set()
        self.values: list[Float32[np.ndarray, "n c"]] = []
        self.colors: list[float] = []
        self.class_pixels = np.zeros(len(classes), np.int64)
        self.ignored_pixels = 0
        self.images_with_class = np.zeros(len(classes), np.int64)
        self.areas: list[list[int]] = [[] for _ in classes]
        self.counts: list[int] = []
        self.thick: list[tuple[float, int]] = []
        self.halves = np.zeros((2, len(classes)), np.int64)
        self.outlines = np.zeros(len(classes), np.int64)
        self.crowding = Crowding()

    def add_image(self, name: str, image: Num[np.ndarray, "h w c"]) -> None:
        channels = image.shape[2]
        self.sizes_hw.append((image.shape[0], image.shape[1]))
        self.channels[channels] += 1
        self.example.setdefault(channels, name)
        self.dtypes.add(image.dtype.name)
        pixels = image.reshape(-1, channels)
        drawn = stream(0, "fingerprint", name).integers(0, len(pixels), min(len(pixels), PIXELS_READ))
        self.values.append(pixels[drawn].astype(np.float32))
        self.colors.append(_color(pixels[drawn]))

    def add_segmentation(self, segmentation: Segmentation) -> None:
        ids = to_label_map(segmentation).ids
        counts = np.bincount(ids.ravel(), minlength=len(self.classes))
        self.class_pixels += counts[: len(self.classes)]
        self.ignored_pixels += int(np.count_nonzero(ids == IGNORE))
        for half, part in enumerate((ids[: len(ids) // 2], ids[len(ids) - len(ids) // 2 :])):
            self.halves[half] += np.bincount(part.ravel(), minlength=len(self.classes))[: len(self.classes)]
        self.images_with_class += counts[: len(self.classes)] > 0
        self.outlines += outline_lengths(ids, len(self.classes))
        known = things_of(segmentation) if isinstance(segmentation, Panoptic) else segmentation
        objects = list(_object_areas(known, ids, self.classes, of_stuff=known is not segmentation))
        for class_id, areas in objects:
            self.areas[class_id].extend(areas)
        if isinstance(known, Instances):
            self.counts.append(len(known))
            self.crowding.add(known)
        else:
            self.counts.append(sum(len(areas) for _, areas in objects))
        if len(self.counts) % self.stride == 1 % self.stride:
            self.thick.extend(_thicknesses(known, ids))

    def finish(self) -> Fingerprint:
        if len(self.channels) > 1:
            groups = "; ".join(
                f"{count} with {channels} (such as {self.example[channels]})" for channels, count in self.channels.items()
            )
            raise DataError(
                f"The images have different numbers of channels: {groups}. A network needs one. "
                f"Convert all to gray or all to RGB, or keep each kind in a folder of its own."
            )
        values = np.concatenate(self.values)
        low, median, high = np.percentile(values, PERCENTILES, axis=0)
        rows = zip(low, median, high, values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64), strict=True)
        return Fingerprint(
            images=len(self.sizes_hw),
            sizes_hw=tuple(self.sizes_hw),
            channels=values.shape[1],
            dtypes=tuple(sorted(self.dtypes)),
            intensity=tuple(Intensity(*map(float, row)) for row in rows),
            class_names=self.classes.names,
            class_pixels=tuple(self.class_pixels.tolist()),
            ignored_pixels=self.ignored_pixels,
            images_with_class=tuple(self.images_with_class.tolist()),
            object_sizes=tuple(_percentiles(areas) for areas in self.areas),
            objects_per_image=float(np.median(self.counts)) if self.counts else 0.0,
            thickness=_weighted_median(self.thick),
            up_down=_difference(*self.halves),
            color=float(np.median(self.colors)),
            class_widths=tuple(
                4 * pixels / length if length else None
                for pixels, length in zip(self.class_pixels.tolist(), self.outlines.tolist(), strict=True)
            ),
            most_objects=max(self.counts, default=0),
            extent=self.crowding.extent,
            sides=self.crowding.sides,
            overlap=self.crowding.overlap,
            touching=self.crowding.touching,
        )


def fingerprint(data: DataSet, progress: Callable[[int, int], None] | None = None) -> Fingerprint:
    """Read every image and mask once. `progress` is called with how many are done and how many there are.

    Raises `DataError` where there is no image, and where the images differ in their number of channels.
    """
    if not len(data):
        raise DataError(f"{data.root}: there are no images. Name the folder that holds them.")
    tally = _Tally(data.classes, stride=-(-len(data) // MOST_MEASURED))
    for i in range(len(data)):
        sample = data[i]
        tally.add_image(sample.id, sample.image)
        if sample.segmentation is not None:
            tally.add_segmentation(sample.segmentation)
        if progress:
            progress(i + 1, len(data))
    return tally.finish()


def _object_areas(
    known: LabelMap | Instances, ids: UInt16[np.ndarray, "h w"], classes: Classes, *, of_stuff: bool
) -> Iterator[tuple[int, list[int]]]:
    """Areas of the objects of each class: the instances where they are known, else the connected parts, as of stuff."""
    if isinstance(known, Instances):
        for class_id, region in zip(known.class_ids.tolist(), known.regions, strict=True):
            yield class_id, [region.area]
    for class_id in range(1, len(classes)):
        is_drawn = of_stuff and not classes[class_id].is_thing if isinstance(known, Instances) else True
        if is_drawn and (areas := object_areas(ids, class_id)).size:
            yield class_id, areas.tolist()


def _thicknesses(known: LabelMap | Instances, ids: UInt16[np.ndarray, "h w"]) -> Iterator[tuple[float, int]]:
    """Thickness and area of each object: twice the median distance to the rim, along the object's middle line."""
    if isinstance(known, Instances):
        for region in known.regions:
            yield from _along_middle(region.pixels)
        return
    top, left = (max(0, (side - WINDOW) // 2) for side in ids.shape)
    window = ids[top : top + WINDOW, left : left + WINDOW]
    for class_id in np.unique(window).tolist():
        if class_id not in (0, IGNORE):
            yield from _along_middle(window == class_id)


def _along_middle(mask: Bool[np.ndarray, "h w"]) -> Iterator[tuple[float, int]]:
    """Thickness and area of each connected part; the middle line is where the distance to the rim has its local maxima."""
    labels, count = components(mask)
    if not count:
        return
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    middle = np.where(mask & (depth == ndimage.maximum_filter(depth, 3)), labels, 0)
    depths = ndimage.median(depth, middle, range(1, count + 1))
    for thickness, area in zip(depths, np.bincount(labels.ravel())[1:].tolist(), strict=True):
        yield 2 * float(thickness), area


def _difference(upper: Int64[np.ndarray, " k"], lower: Int64[np.ndarray, " k"]) -> float:
    """Total variation distance of two shares of classes: 0 where they are alike, 1 where they have nothing in common."""
    if not upper.sum() or not lower.sum():
        return 0.0
    return float(np.abs(upper / upper.sum() - lower / lower.sum()).sum() / 2)


def _color(pixels: Num[np.ndarray, "n c"]) -> float:
    """The mean difference between the largest and the smallest channel of RGB pixels, as a part of the range of their type."""
    if pixels.shape[1] != 3 or pixels.dtype.kind != "u":
        return 0.0
    return float(np.ptp(pixels, axis=1).mean() / np.iinfo(pixels.dtype).max)


def _percentiles(areas: list[int]) -> tuple[float, float, float] | None:
    if not areas:
        return None
    low, median, high = np.percentile(areas, AREA_PERCENTILES).tolist()
    return low, median, high


def _weighted_median(rows: list[tuple[float, int]]) -> float | None:
    """The value that half of the weight reaches."""
    if not rows:
        return None
    rows = sorted(rows)
    heights = np.cumsum([weight for _, weight in rows])
    return rows[int(np.searchsorted(heights, heights[-1] / 2))][0]


def _percent(share: float) -> str:
    return "none" if share == 0 else f"{share:.1%}" if share >= 0.001 else "less than 0.1%"
