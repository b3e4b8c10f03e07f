"""Objects that stand out from their surroundings, such as nuclei, found without a click and without weights."""

import numpy as np
from jaxtyping import Bool, Float32, Int32, UInt8
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

from maskwright.assist.ranking import Habit
from maskwright.masks.region import Region

MOST_PX = 1024  # longer side that is looked at; larger images are looked at smaller
SMOOTH_PX = 1.0
SMALLEST = 12  # pixels of what was looked at
CROWDED = 0.6  # share of the image that objects may cover; more is the background taken for them
APART = 0.6  # of the usual radius: how far middles of objects lie apart at least
ALIKE = 25.0  # times the area of the middle one: objects of one kind are not larger, parts of a photograph are
LEAST_CONTRAST = 0.1  # of the range from black to white, between objects and the rest


def blobs(picture: UInt8[np.ndarray, "h w 3"], habit: Habit) -> list[tuple[Region, float]]:
    """The objects and how much each looks like one, best first. A habit tells how far apart their middles lie."""
    height, width = picture.shape[:2]
    step = max(-(-max(height, width) // MOST_PX), 1)
    gray = np.asarray(ndimage.gaussian_filter(_lightness(picture[::step, ::step]), SMOOTH_PX, mode="nearest"))
    inside = _standing_out(gray)
    if inside is None:
        return []
    found = []
    numbers = _parted(inside, None if habit.length is None else habit.length / step)
    for number, place in enumerate(ndimage.find_objects(numbers), 1):
        pixels = numbers[place] == number
        if np.count_nonzero(pixels) < SMALLEST:
            continue
        box = (place[1].start * step, place[0].start * step, place[1].stop * step, place[0].stop * step)
        large = np.asarray(ndimage.binary_fill_holes(pixels)).repeat(step, axis=0).repeat(step, axis=1)
        region = Region(box, large).window((0, 0, width, height))
        left, top, right, bottom = region.box_xyxy
        found.append((Region((left, top, right, bottom), region.pixels), _roundness(pixels)))
    areas = [region.area for region, _ in found]
    if areas and max(areas) > ALIKE * float(np.median(areas)):
        return []
    return sorted(found, key=lambda each: -each[1])


def _lightness(picture: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w"]:
    """How light each pixel is; of coloured images the channel that varies most, since stains are dark in one alone."""
    spread = picture.reshape(-1, 3).std(axis=0)
    return np.asarray(picture[:, :, int(spread.argmax())], np.float32) / 255


def _standing_out(gray: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"] | None:
    """The rarer side of Otsu's threshold; None where both sides are hardly apart, or as frequent."""
    if gray.min() == gray.max():
        return None
    light = gray > threshold_otsu(gray)  # type: ignore[no-untyped-call]
    if not 0 < np.count_nonzero(light) < light.size or abs(gray[light].mean() - gray[~light].mean()) < LEAST_CONTRAST:
        return None
    inside = light if light.mean() <= 0.5 else ~light
    return np.asarray(ndimage.binary_opening(inside)) if inside.mean() <= CROWDED else None


def _parted(inside: Bool[np.ndarray, "h w"], length: float | None) -> Int32[np.ndarray, "h w"]:
    """Numbers of the objects: one for each middle, where the distance to the outline peaks."""
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1].astype(np.float32), 1)
    parts, count = ndimage.label(inside)
    if count == 0:
        return np.zeros(inside.shape, np.int32)
    radius = length / 2 if length is not None else float(np.median(ndimage.maximum(depth, parts, range(1, count + 1))))
    middles = peak_local_max(depth, min_distance=max(round(APART * radius), 2), labels=parts, exclude_border=False)  # type: ignore[no-untyped-call]
    markers = np.zeros(inside.shape, np.int32)
    markers[tuple(middles.T)] = np.arange(1, len(middles) + 1)
    return np.asarray(watershed(-depth, markers, mask=inside), np.int32)  # type: ignore[no-untyped-call]


def _roundness(pixels: Bool[np.ndarray, "h w"]) -> float:
    """1 for a disc, less for what is ragged."""
    rim = int(np.count_nonzero(pixels & ~np.asarray(ndimage.binary_erosion(pixels))))
    return min(float(np.sqrt(4 * np.pi * np.count_nonzero(pixels))) / max(rim, 1), 1.0)
