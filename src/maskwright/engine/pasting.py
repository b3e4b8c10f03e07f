"""Copy-paste of a person's own data: objects of a labelled data set, backgrounds of their own, and what is left out of both."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Num

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.base.files import sha256
from maskwright.base.rng import stream
from maskwright.data.channels import with_channels
from maskwright.data.dataset import DataSet
from maskwright.data.pairing import list_images
from maskwright.data.record import Record
from maskwright.data.scan import Progress
from maskwright.engine.synth_folder import Scenes
from maskwright.formats.images import read_image
from maskwright.masks.classes import Classes
from maskwright.masks.convert import panoptic_of, to_instances
from maskwright.masks.types import Instances, Panoptic, Segmentation
from maskwright.synth.copy_paste import Background, CopyPaste, paste, unlabelled
from maskwright.synth.cutouts import Cutout, cut_out, light_of, noise_of
from maskwright.synth.recipes import COPY_PASTE, to_json
from maskwright.synth.scene import Scene

MOST_PIXELS = 40_000_000  # of cut-out objects that are kept in memory; of more, some are drawn by chance
KEPT_IMAGES = 32  # backgrounds that are kept in memory
LEAST_SIDE = 2  # pixels: what is smaller is no object to paste


@dataclass(frozen=True, eq=False)
class Paste:
    """Objects to paste and images to paste them on. words: what was found; left_out: what of it is not used, and why."""

    cutouts: tuple[Cutout, ...]
    backgrounds: "Backgrounds"
    classes: Classes
    words: tuple[str, ...]
    left_out: tuple[str, ...]


class Backgrounds:
    """Images to paste on, read when they are asked for: the labelled ones, or those of a folder that hold no objects."""

    def __init__(self, data: DataSet, records: Sequence[Record], classes: Classes, channels: int, *, labelled: bool) -> None:
        self.data, self.records, self.classes, self.channels, self.labelled = data, tuple(records), classes, channels, labelled
        self._read = lru_cache(maxsize=KEPT_IMAGES)(self._read_anew)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> Background:
        return self._read(index)

    def _read_anew(self, index: int) -> Background:
        record = self.records[index]
        if self.labelled:
            sample = self.data.with_records([record])[0]
            assert sample.segmentation is not None  # records without were left out
            return Background(whole_numbers(sample.image, record.image), with_classes(sample.segmentation, self.classes))
        image = whole_numbers(read_image(record.image, max_pixels=self.data.max_pixels), record.image)
        image = with_channels(image, self.channels, name=str(record.image))
        return Background(image, unlabelled(image.shape[:2], self.classes))


def gather(data: DataSet, backgrounds: Path | None = None, *, seed: int = 0, progress: Progress | None = None) -> Paste:
    """The objects of a data set cut out, and where they go: images of a folder, or the data set's own, which keep their labels.

    Objects that an image's edge cuts, crowds and specks are left out, as is what cannot be read. Raises `DataError` where no
    object or no background is left.
    """
    left_out: list[str] = []
    records = [record for record in data.records if record.mask is not None]
    order = stream(seed, "synth", COPY_PASTE, "objects").permutation(len(records)).tolist()
    cutouts: dict[int, list[Cutout]] = {}
    used, pixels, cut, small, crowds = set[int](), 0, 0, 0, 0
    channels = 0
    for done, place in enumerate(order):
        if progress is not None:
            progress(done, len(order))
        if pixels > MOST_PIXELS:
            left_out.append(f"objects of {len(order) - done} images, since those of {done} are as many as memory should hold")
            break
        try:
            sample = data.with_records([records[place]])[0]
            image = whole_numbers(sample.image, records[place].image)
        except MaskwrightError as error:
            left_out.append(str(error))
            continue
        assert sample.segmentation is not None  # only records with masks are read
        channels = image.shape[2]
        objects = to_instances(sample.segmentation)
        light, taken = light_of(image), _taken(objects)
        noise = noise_of(light)
        for number, region in enumerate(objects.regions):
            region = region.tight()
            x0, y0, x1, y1 = region.box_xyxy
            if objects.is_crowd[number]:
                crowds += 1
            elif min(x0, y0, sample.size_hw[1] - x1, sample.size_hw[0] - y1) <= 0:
                cut += 1
            elif min(x1 - x0, y1 - y0) < LEAST_SIDE:
                small += 1
            else:
                class_id = int(objects.class_ids[number])
                made = cut_out(light, region, class_id, taken, noise)
                cutouts.setdefault(place, []).append(made)
                used.add(class_id)
                pixels += made.colors.size
    for count, why in ((cut, "that the edge of their image cuts"), (small, "that are specks"), (crowds, "that are crowds")):
        left_out += [f"{count} objects {why}"] if count else []
    found = tuple(each for place in sorted(cutouts) for each in cutouts[place])
    if not found:
        why = f" Left out are {'; '.join(left_out)}." if left_out else ""
        raise DataError(f"{data.root}: there is no whole object to paste.{why} Label some, or name another data folder.")
    classes = thing_classes(data.classes, used)
    chosen = records if backgrounds is None else list(list_images([backgrounds]))
    ground, unusable = _usable(Backgrounds(data, chosen, classes, channels, labelled=backgrounds is None))
    left_out += unusable
    where = "the images themselves, with their objects" if backgrounds is None else f"{len(ground)} images of {backgrounds}"
    words = (f"{len(found)} objects of {len(cutouts)} images", f"pasted onto {where}")
    return Paste(found, ground, classes, words, tuple(left_out))


def scenes(recipe: CopyPaste, found: Paste, *, seed: int, count: int) -> Scenes:
    """Scenes by number, each on a background of its own turn and mirror image."""

    def drawn(index: int) -> Scene:
        rng = stream(seed, "synth", COPY_PASTE, index)
        background = found.backgrounds[int(rng.integers(len(found.backgrounds)))]
        if found.backgrounds.labelled and rng.random() < recipe.flip_share:
            background = _mirrored(background)
        return paste(recipe, rng, background, found.cutouts).scene

    about = {"recipe": to_json(recipe), "seed": seed, "data": _digest(found)}
    return Scenes(draw=drawn, classes=found.classes, count=count, about=about)


def thing_classes(classes: Classes, used: set[int]) -> Classes:
    """The classes, with all that are pasted as things and with colours of their own."""
    return Classes(tuple(replace(info, is_thing=info.is_thing or class_id in used) for class_id, info in enumerate(classes)))


def with_classes(segmentation: Segmentation, classes: Classes) -> Panoptic:
    """The panoptic map of a labelled image, with the classes that all images get."""
    return panoptic_of(replace(segmentation, classes=classes))


def whole_numbers(image: Num[np.ndarray, "h w c"], path: Path) -> Num[np.ndarray, "h w c"]:
    """The image, if it is of 8 or 16 bits. Raises `DataError` for others, whose white is not known."""
    if image.dtype not in (np.uint8, np.uint16):
        raise DataError(f"{path}: is of {image.dtype} values, and how bright white is there is not known. Save 8 or 16 bits.")
    return image


def _usable(found: Backgrounds) -> tuple[Backgrounds, list[str]]:
    """Those that can be read. Raises `DataError` where none can."""
    usable, left_out = [], []
    for index, record in enumerate(found.records):
        try:
            found[index]
            usable.append(record)
        except MaskwrightError as error:
            left_out.append(str(error))
    if not usable:
        first = left_out[0] if left_out else "The folder holds no image."
        raise DataError(f"There is no background to paste on. {first} Name a folder of images with --backgrounds.")
    return Backgrounds(found.data, usable, found.classes, found.channels, labelled=found.labelled), left_out


def _taken(objects: Instances) -> Bool[np.ndarray, "h w"]:
    taken = np.zeros(objects.size_hw, bool)
    for region in objects.regions:
        x0, y0, x1, y1 = region.box_xyxy
        taken[y0:y1, x0:x1] |= region.pixels
    return taken


def _mirrored(background: Background) -> Background:
    """Left and right exchanged."""
    panoptic = background.panoptic
    ids = np.ascontiguousarray(panoptic.segment_ids[:, ::-1])
    return Background(background.image[:, ::-1], replace(panoptic, segment_ids=ids))


def _digest(found: Paste) -> list[str]:
    """What the images depend on beside recipe and seed: the files, by their content."""
    data = found.backgrounds.data
    files = {path for record in data.records for path in (record.image, record.mask) if path is not None}
    files |= {record.image for record in found.backgrounds.records}
    return sorted({sha256(path)[:16] for path in files})
