"""The segments that a COCO panoptic file lists for an image, the picture that shows them, and whether the two agree."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from jaxtyping import Int32
from scipy import ndimage

from maskwright.base.errors import MaskValueError
from maskwright.base.files import atomic_write
from maskwright.formats import stored
from maskwright.formats.annotations import Note
from maskwright.formats.coco_lists import Id, id_of
from maskwright.masks.classes import Classes
from maskwright.masks.regions import distinct
from maskwright.masks.types import Panoptic, Segment

MOST = (1 << 24) - 1  # the highest id that three bytes hold
SHOWN = 5


@dataclass(frozen=True)
class ListedSegment:
    """A segment as the file lists it. class_id: None where it is not known, so that its pixels are void. area: None unsaid."""

    id: int
    class_id: int | None
    area: int | None
    score: float
    is_crowd: bool


def read_segments(
    entries: Sequence[Any], of_image: str, class_of: Mapping[Id, int], classes: Classes, notes: list[Note]
) -> tuple[ListedSegment, ...]:
    """The segments of `segments_info`; what is wrong with one is a note that names it. `of_image` is where, in words."""
    listed: dict[int, ListedSegment] = {}
    first_of: dict[int, int] = {}
    for number, entry in enumerate(entries, 1):
        id = id_of(entry, "id")
        if not isinstance(id, int) or not 0 < id <= MOST:
            what = f"its id is {'missing' if id is None else id}, where a whole number from 1 to {MOST} is expected"
            where = f"{of_image}, segment number {number}"
            notes.append(Note("wrong-segment", where, what, "Write the number of its pixels.", "error", left_out=True))
            continue
        where = f"{of_image}, segment {id}"
        if id in listed:
            what = "it is listed twice, so that its class may be either; the first is taken"
            notes.append(Note("repeated-segment", where, what, "Take one of both out.", "error"))
            continue
        class_id = _class_of(entry, where, class_of, notes)
        listed[id] = ListedSegment(id, class_id, _area(entry), _score(entry, where, notes), bool(entry.get("iscrowd", 0)))
        if class_id is not None and not classes[class_id].is_thing and first_of.setdefault(class_id, id) != id:
            what = f"'{classes[class_id].name}' is stuff and has the segment {first_of[class_id]} there already"
            remedy = "Give both one id, or say that the category is a thing (isthing: 1)."
            notes.append(Note("stuff-twice", where, what, remedy, "error"))
    return tuple(listed.values())


def read_picture(file: Path, listed: Sequence[ListedSegment], classes: Classes, source: Path, *, max_pixels: int) -> Panoptic:
    """The picture's pixels as R + 256 G + 65536 B, with the segments that are listed for it in `source`.

    Raises `ImageFileError`, and `MaskValueError` where the two do not name the same segments or a listed area is another one.
    """
    header, pixels = stored.read_pixels(file, max_pixels)
    if header.color != "rgb" or pixels.dtype != np.uint8:
        raise MaskValueError(
            f"{file}: the numbers of segments stand in red, green and blue of 8 bits each, but this is a {header.color} "
            f"picture of {header.bits} bits. Restore the picture that belongs to {source}."
        )
    segment_ids = numbers_of(pixels)
    values, places = distinct(segment_ids)
    areas = dict(zip(values.tolist(), np.bincount(places.ravel()).tolist(), strict=True))
    areas.pop(0, None)
    known = {segment.id: segment for segment in listed}
    _same(sorted(areas.keys() - known.keys()), file, f"are in the picture but not in {source}", areas)
    _same(sorted(known.keys() - areas.keys()), file, f"are in {source} but not in the picture", {})
    for segment in listed:
        if segment.area is not None and segment.area != areas[segment.id]:
            raise MaskValueError(
                f"{file}: segment {segment.id} has {areas[segment.id]} pixels, but the area {segment.area} in {source}. "
                f"Restore the picture that belongs to it, or correct the area; one that is not written is not compared."
            )
    void = np.array([value in known and known[value].class_id is None for value in values.tolist()])
    if void.any():
        segment_ids = np.where(void[places], np.int32(0), segment_ids)
    segments = tuple(Segment(one.id, one.class_id, one.score, one.is_crowd) for one in listed if one.class_id is not None)
    return Panoptic(segment_ids, segments, classes)


def write_picture(file: Path, panoptic: Panoptic) -> list[dict[str, Any]]:
    """Write the picture of a panoptic map; returns its segments as `segments_info` has them, with class ids as categories.

    Raises `MaskValueError` on an id that three bytes do not hold.
    """
    wrong = sorted(segment.id for segment in panoptic.segments if not 0 < segment.id <= MOST)
    if wrong:
        raise MaskValueError(
            f"{file}: the segment id {wrong[0]} does not fit into the three bytes of a pixel. Number segments from 1 to {MOST}."
        )
    ids = panoptic.segment_ids
    picture = np.stack([ids & 255, ids >> 8 & 255, ids >> 16 & 255], axis=-1).astype(np.uint8)
    atomic_write(file, bytes(imagecodecs.png_encode(picture)))
    values, places = distinct(ids)
    areas, boxes = np.bincount(places.ravel()), ndimage.find_objects(places + 1)
    place_of = {value: place for place, value in enumerate(values.tolist())}
    return [
        _written(segment, int(areas[place]), boxes[place]) for segment in panoptic.segments for place in [place_of[segment.id]]
    ]


def numbers_of(pixels: np.ndarray) -> Int32[np.ndarray, "h w"]:
    """The number that each colour stands for; a fourth channel says nothing."""
    red, green, blue = (pixels[..., channel].astype(np.int32) for channel in range(3))
    return red | green << 8 | blue << 16


def _written(segment: Segment, area: int, box: tuple[slice, ...]) -> dict[str, Any]:
    if not math.isfinite(segment.score):
        raise MaskValueError(f"Segment {segment.id} has the score {segment.score}, which JSON cannot hold. Give it a number.")
    rows, columns = box
    entry = {
        "id": segment.id,
        "category_id": segment.class_id,
        "area": area,
        "bbox": [columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start],
        "iscrowd": int(segment.is_crowd),
    }
    return entry if segment.score == 1 else {**entry, "score": segment.score}


def _same(ids: Sequence[int], file: Path, what: str, areas: Mapping[int, int]) -> None:
    """Raises `MaskValueError` where there are any."""
    if ids:
        listed = ", ".join(f"{id} ({areas[id]} pixels)" if id in areas else str(id) for id in ids[:SHOWN])
        more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
        raise MaskValueError(
            f"{file}: the segments {listed}{more} {what}. Restore the picture and the file that belong together."
        )


def _class_of(entry: dict[str, Any], where: str, class_of: Mapping[Id, int], notes: list[Note]) -> int | None:
    id = id_of(entry, "category_id")
    if id is not None and id in class_of:
        return class_of[id]
    what = "it has no category_id" if id is None else f"its category_id {id} is no category of the file"
    remedy = "Add the category to the list, or correct the category_id; until then its pixels are void."
    notes.append(Note("unknown-category", where, what, remedy, "error", left_out=True))
    return None


def _area(entry: dict[str, Any]) -> int | None:
    area = entry.get("area")
    return int(area) if isinstance(area, int | float) and area == int(area) else None


def _score(entry: dict[str, Any], where: str, notes: list[Note]) -> float:
    score = entry.get("score", 1.0)
    if isinstance(score, int | float) and math.isfinite(score):
        return float(score)
    notes.append(Note("wrong-score", where, f"its score is {str(score)[:40]}; 1 is taken", "Write a number.", "error"))
    return 1.0
