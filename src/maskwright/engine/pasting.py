"""Copy-paste of a person's own data: objects of a labelled data set, backgrounds of their own, and what is left out of both."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Num

from maskwright.base.errors import DataError, MaskwrightError, did_you_mean
from maskwright.base.rng import stream
from maskwright.data.channels import with_channels
from maskwright.data.dataset import DataSet
from maskwright.data.pairing import list_images
from maskwright.data.record import Record
from maskwright.data.sample import Sample
from maskwright.data.scan import Progress
from maskwright.engine.synth_folder import Scenes
from maskwright.formats.file_state import digest_of
from maskwright.formats.images import read_image
from maskwright.formats.plane_paths import file_of
from maskwright.masks.classes import Classes
from maskwright.masks.convert import panoptic_of, to_instances
from maskwright.report.words import counted
from maskwright.synth.copy_paste import Background, CopyPaste, paste, unlabelled
from maskwright.synth.cutouts import Cutout, cut_out, light_of, noise_of
from maskwright.synth.recipes import COPY_PASTE, to_json
from maskwright.synth.scene import Scene

MOST_PIXELS = 40_000_000  # of cut-out objects that are kept in memory; of more, some are drawn by chance
KEPT_IMAGES = 32  # backgrounds that are kept in memory
LEAST_SIDE = 2  # pixels: what is smaller is no object to paste


@dataclass(frozen=True, eq=False)
class Paste:
    """Objects to paste and images to paste them on.

    words: what was found. left_out: objects that are not used, and why. faults: files that could not be used.
    """

    cutouts: tuple[Cutout, ...]
    backgrounds: "Backgrounds"
    classes: Classes
    words: tuple[str, ...]
    left_out: tuple[str, ...]
    faults: tuple[str, ...]


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
            sample = _whole(self.data.with_records([record])[0])
            assert sample.segmentation is not None  # records without were left out
            image, panoptic = sample.image, panoptic_of(replace(sample.segmentation, classes=self.classes))
        else:
            image = read_image(record.image, max_pixels=self.data.max_pixels)
            panoptic = unlabelled(image.shape[:2], self.classes)
        _require_whole(image, record.image)
        return Background(with_channels(image, self.channels, name=str(record.image)), panoptic)


def gather(
    data: DataSet,
    backgrounds: Path | None = None,
    *,
    names: Sequence[str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Paste:
    """The objects of a data set cut out, and where they go: images of a folder, or the data set's own, which keep their labels.

    names: of the classes whose objects are pasted; None is all. Objects that an image's edge cuts, crowds and specks are left
    out, as is what cannot be read. Raises `DataError` where no object or no background is left.
    """
    wanted = _class_ids(data.classes, names)
    records = [record for record in data.records if record.mask is not None]
    order = stream(seed, "synth", COPY_PASTE, "objects").permutation(len(records)).tolist()
    cutouts: dict[int, list[Cutout]] = {}
    passed_over, faults, pixels = Counter[str](), list[str](), 0
    for done, place in enumerate(order):
        if progress is not None:
            progress(done, len(order))
        if pixels > MOST_PIXELS:
            break
        try:
            sample = _whole(data.with_records([records[place]])[0])
        except MaskwrightError as error:
            faults.append(str(error))
            continue
        cutouts[place] = _objects_of(sample, wanted, passed_over)
        pixels += sum(each.colors.size for each in cutouts[place])
    found = [each for place in sorted(cutouts) for each in cutouts[place]]
    channels = found[0].colors.shape[2] if found else 0
    passed_over["of images with another number of channels"] = sum(each.colors.shape[2] != channels for each in found)
    found = [each for each in found if each.colors.shape[2] == channels]
    left_out = [f"{counted(count, 'object')} {why}" for why, count in sorted(passed_over.items()) if count]
    if unseen := len(order) - len(cutouts) - len(faults):
        left_out.append(f"those of {counted(unseen)}, since the others fill the memory that is kept for objects")
    if not found:
        why = f" Left out are {'; '.join((*left_out, *faults))}." if left_out or faults else ""
        raise DataError(f"{data.root}: there is no whole object to paste.{why} Label some, or name another data folder.")
    classes = thing_classes(data.classes, {each.class_id for each in found})
    chosen = records if backgrounds is None else list(list_images([backgrounds]))
    ground, unusable = _usable(Backgrounds(data, chosen, classes, channels, labelled=backgrounds is None))
    where = "the images themselves, with their objects" if backgrounds is None else f"{counted(len(ground))} of {backgrounds}"
    of = counted(sum(map(bool, cutouts.values())))
    words = (f"{counted(len(found), 'object')} of {of}", f"pasted onto {where}")
    return Paste(tuple(found), ground, classes, words, tuple(left_out), (*faults, *unusable))


def _objects_of(sample: Sample, wanted: Collection[int], passed_over: Counter[str]) -> list[Cutout]:
    """The whole objects of an image; those that are none are counted by their reason."""
    assert sample.segmentation is not None  # only records with masks are read
    objects = to_instances(sample.segmentation)
    light, taken = light_of(sample.image), np.zeros(sample.size_hw, bool)
    for region in objects.regions:
        x0, y0, x1, y1 = region.box_xyxy
        taken[y0:y1, x0:x1] |= region.pixels
    noise, found = noise_of(light), list[Cutout]()
    for region, class_id, is_crowd in zip(objects.regions, objects.class_ids.tolist(), objects.is_crowd.tolist(), strict=True):
        x0, y0, x1, y1 = region.tight().box_xyxy
        if class_id not in wanted:
            continue
        if is_crowd:
            passed_over["taken for a crowd"] += 1
        elif min(x0, y0, sample.size_hw[1] - x1, sample.size_hw[0] - y1) <= 0:
            passed_over["cut by the edge of the image"] += 1
        elif min(x1 - x0, y1 - y0) < LEAST_SIDE:
            passed_over["smaller than 2 pixels a side"] += 1
        else:
            found.append(cut_out(light, region.tight(), class_id, taken, noise))
    return found


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


def _class_ids(classes: Classes, names: Sequence[str] | None) -> set[int]:
    """The ids of classes with these names. Raises `DataError` where there is none of a name."""
    for name in names or ():
        if name not in classes.names:
            raise DataError(f"The data have no class '{name}' to paste. {did_you_mean(name, classes.names)}")
    return {class_id for class_id, name in enumerate(classes.names) if names is None or name in names}


def thing_classes(classes: Classes, used: set[int]) -> Classes:
    """The classes, with all that are pasted as things and with colours of their own."""
    return Classes(tuple(replace(info, is_thing=info.is_thing or class_id in used) for class_id, info in enumerate(classes)))


def _whole(sample: Sample) -> Sample:
    """The sample, if it is of 8 or 16 bits. Raises `DataError` for others, whose white is not known."""
    _require_whole(sample.image, sample.id)
    return sample


def _require_whole(image: Num[np.ndarray, "h w c"], name: object) -> None:
    if image.dtype not in (np.uint8, np.uint16):
        raise DataError(f"{name}: is of {image.dtype} values, and how bright white is there is not known. Save 8 or 16 bits.")


def _usable(found: Backgrounds) -> tuple[Backgrounds, list[str]]:
    """Those that can be read. Raises `DataError` where none can."""
    usable, faults = [], []
    for index, record in enumerate(found.records):
        try:
            found[index]
            usable.append(record)
        except MaskwrightError as error:
            faults.append(str(error))
    if not usable:
        first = faults[0] if faults else "The folder holds no image."
        raise DataError(f"There is no background to paste on. {first} Name a folder of images with --backgrounds.")
    return Backgrounds(found.data, usable, found.classes, found.channels, labelled=found.labelled), faults


def _mirrored(background: Background) -> Background:
    """Left and right exchanged."""
    panoptic = background.panoptic
    ids = np.ascontiguousarray(panoptic.segment_ids[:, ::-1])
    return Background(background.image[:, ::-1], replace(panoptic, segment_ids=ids))


def _digest(found: Paste) -> list[str]:
    """What the images depend on beside recipe and seed: the files, by their content."""
    data = found.backgrounds.data
    files = {file_of(path) for record in data.records for path in (record.image, record.mask) if path is not None}
    files |= {file_of(record.image) for record in found.backgrounds.records}
    return sorted({digest_of(path)[:16] for path in files})
