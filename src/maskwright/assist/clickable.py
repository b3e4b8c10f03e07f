"""The objects of a data set that can be clicked on, and images made as large as they are clicked on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Num
from PIL import Image

from maskwright.base.errors import DataError
from maskwright.base.rng import stream
from maskwright.data.dataset import DataSet
from maskwright.masks.classes import IGNORE
from maskwright.masks.draw import to_display
from maskwright.masks.region import Region
from maskwright.masks.regions import components
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segmentation

SMALLEST = 16  # pixels; what is smaller is more often a slip of a polygon or a palette than an object


@dataclass(frozen=True, eq=False)
class Clickable:
    """One object of an image, and the pixels that count in no score."""

    image: str
    truth: Region
    ignored: Bool[np.ndarray, "h w"] | None


@dataclass(frozen=True, eq=False)
class ClickImage:
    """An image and those of its objects that are clicked on."""

    id: str
    image: Num[np.ndarray, "h w c"]
    objects: tuple[Clickable, ...]


def click_images(
    data: DataSet, *, size: int | None = None, crop: int | None = None, objects: int | None = None, seed: int = 0,
    smallest: int = SMALLEST,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[ClickImage]:  # fmt: skip
    """Images with the objects to click on, one at a time, at most so many `objects` of all, drawn evenly over the images.

    Objects are instances without crowds, or the connected parts of every class but the background. Images whose longer side
    is above `size` are made smaller, before objects below `smallest` pixels are left out. With `crop` every object is seen in a
    square of that side around it. Raises `DataError` where there is none.
    """
    rng, seen = stream(seed, "objects to click on"), 0
    places, quota = list(range(len(data))), None
    if objects is not None:
        places = sorted(rng.permutation(len(data))[:objects].tolist())
        quota = -(-objects // max(len(places), 1))
    for done, index in enumerate(places):
        if progress is not None:
            progress(done, len(places))
        sample = data[index]
        if sample.segmentation is None:
            continue
        image, segmentation = sample.image, sample.segmentation
        regions, ignored = objects_of(segmentation)
        if size is not None and max(image.shape[:2]) > size:
            image, regions, ignored = _smaller(image, regions, ignored, size)
        regions = [region for region in regions if region.area >= smallest]
        chosen = rng.permutation(len(regions))[: None if quota is None else quota]
        found = [Clickable(sample.id, regions[place], ignored) for place in sorted(chosen.tolist())]
        seen += len(found)
        if not found:
            continue
        if crop is None:
            yield ClickImage(sample.id, image, tuple(found))
        else:
            yield from (_cropped(image, each, crop) for each in found)
    if seen == 0:
        raise DataError(f"{data.root}: there is no object of at least {smallest} pixels to click on.")


def objects_of(segmentation: Segmentation) -> tuple[list[Region], Bool[np.ndarray, "h w"] | None]:
    """The objects of an image, and the pixels that count in no score, crowds among them."""
    if isinstance(segmentation, Instances):
        crowds = [region for region, crowd in zip(segmentation.regions, segmentation.is_crowd, strict=True) if crowd]
        ignored = segmentation.ignored
        for crowd in crowds:
            ignored = crowd.mask(segmentation.size_hw) if ignored is None else ignored | crowd.mask(segmentation.size_hw)
        return [r for r, c in zip(segmentation.regions, segmentation.is_crowd, strict=True) if not c and r.area], ignored
    if isinstance(segmentation, Panoptic):
        void = segmentation.segment_ids == 0
        segments = [each for each in segmentation.segments if not each.is_crowd]
        return [Region.of_mask(segmentation.segment_ids == each.id) for each in segments], void if void.any() else None
    return _parts(segmentation)


def _parts(segmentation: LabelMap) -> tuple[list[Region], Bool[np.ndarray, "h w"] | None]:
    """The connected parts of every class but the background."""
    regions = []
    background = segmentation.classes.background
    for class_id in range(len(segmentation.classes)):
        if class_id != background:
            numbers, count = components(segmentation.ids == class_id)
            regions += [Region.of_mask(numbers == number) for number in range(1, count + 1)]
    ignored = segmentation.ids == IGNORE
    return regions, ignored if ignored.any() else None


def _smaller(
    image: Num[np.ndarray, "h w c"], regions: list[Region], ignored: Bool[np.ndarray, "h w"] | None, size: int
) -> tuple[Num[np.ndarray, "a b c"], list[Region], Bool[np.ndarray, "a b"] | None]:
    """Image and masks with the longer side `size`: the image by area, masks by their nearest pixels."""
    height, width = image.shape[:2]
    scale = size / max(height, width)
    new_hw = max(round(height * scale), 1), max(round(width * scale), 1)
    picture = image if image.dtype == np.uint8 and image.shape[2] == 3 else to_display(image)
    picture = np.asarray(Image.fromarray(picture).resize(new_hw[::-1], Image.Resampling.BOX))
    rows, columns = ((np.arange(new) + 0.5) * old / new for new, old in zip(new_hw, (height, width), strict=True))
    places = np.ix_(rows.astype(int), columns.astype(int))
    masks = [Region.of_mask(region.mask((height, width))[places]) for region in regions]
    return picture, masks, None if ignored is None else ignored[places]


def _cropped(image: Num[np.ndarray, "h w c"], each: Clickable, side: int) -> ClickImage:
    """A square of an image around an object, as far as the image goes; a larger object is seen in part."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = each.truth.box_xyxy
    left = min(max((x0 + x1 - side) // 2, 0), max(width - side, 0))
    top = min(max((y0 + y1 - side) // 2, 0), max(height - side, 0))
    box = (left, top, min(left + side, width), min(top + side, height))
    window = np.s_[box[1] : box[3], box[0] : box[2]]
    ignored = None if each.ignored is None else each.ignored[window]
    inside = Clickable(each.image, each.truth.window(box).tight(), ignored)
    return ClickImage(each.image, image[window], (inside,))
