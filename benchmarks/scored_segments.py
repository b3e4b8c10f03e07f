"""Panoptic quality of drawn segments by panopticapi's algorithm, which is written out here, and by maskwright.

panopticapi is in no package registry, so its algorithm stands here: the pixels of each pair of segments by sorting all pixels
of an image, then one segment after another. Both sides start from maps of segment ids in memory.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int32

from maskwright.masks.classes import Classes
from maskwright.masks.types import Panoptic, Segment
from maskwright.metrics.panoptic import scores, tally

OFFSET = 256**3
STUFF, THINGS = [f"stuff {i}" for i in range(10)], [f"thing {i}" for i in range(30)]
CLASSES = Classes.named(*STUFF, *THINGS, things=THINGS)


@dataclass(frozen=True)
class Scene:
    """What there is: bands of stuff and things on images of a size, and how large these are, in pixels."""

    name: str
    size_hw: tuple[int, int]
    bands: int
    things: int
    radii: tuple[int, int]


STREET = Scene("640 x 480 pixels, 12 things an image", (480, 640), 5, 12, (8, 90))
MOSAIC = Scene("one image of 4096 x 4096 pixels, 5,000 things", (4096, 4096), 4, 5000, (8, 30))


@dataclass
class Counted:
    """What panopticapi keeps of each class."""

    tp: Counter[int] = field(default_factory=Counter)
    fp: Counter[int] = field(default_factory=Counter)
    fn: Counter[int] = field(default_factory=Counter)
    iou: Counter[int] = field(default_factory=Counter)


def truth_of(rng: np.random.Generator, scene: Scene) -> Panoptic:
    """Bands of stuff, ellipses on them, a strip of void, and a crowd here and there."""
    height, width = scene.size_hw
    classes = [int(i) for i in rng.choice(len(STUFF), scene.bands, replace=False)]
    rows = np.sort(rng.integers(0, height, scene.bands - 1))
    ids = np.repeat(np.searchsorted(rows, np.arange(height), side="right").astype(np.int32)[:, None] + 1, width, axis=1)
    for _ in range(scene.things):
        classes.append(len(STUFF) + int(rng.integers(len(THINGS))))
        paint(ids, rng, scene.radii, len(classes))
    ids[:, : width // 20] = 0
    return panoptic_of(ids, classes, crowds=rng.random(len(classes)) < 0.02)


def prediction_of(rng: np.random.Generator, truth: Panoptic, scene: Scene) -> Panoptic:
    """The truth a few pixels aside, some classes mistaken, some things missed and others made up."""
    ids = np.roll(truth.segment_ids, tuple(rng.integers(-3, 4, 2)), (0, 1)).copy()
    ids[ids == 0] = 1
    class_of = {segment.id: segment.class_id for segment in truth.segments}
    known = [class_of.get(id, 0) for id in range(1, max(class_of) + 1)]
    things = [i for i, class_id in enumerate(known) if class_id >= len(STUFF)]
    for i in things:
        if rng.random() < 0.1:
            known[i] = len(STUFF) + int(rng.integers(len(THINGS)))
    gone = np.isin(np.arange(len(known) + 1), [i + 1 for i in things if rng.random() < 0.1])
    ids[gone[ids]] = 1
    for _ in range(scene.things // 5):
        known.append(len(STUFF) + int(rng.integers(len(THINGS))))
        paint(ids, rng, scene.radii, len(known))
    return panoptic_of(ids, known, crowds=np.zeros(len(known), bool))


def paint(ids: Int32[np.ndarray, "h w"], rng: np.random.Generator, radii: tuple[int, int], id: int) -> None:
    """An ellipse somewhere."""
    ry, rx = rng.integers(*radii, 2)
    y0, x0 = rng.integers(0, ids.shape[0] - 10), rng.integers(0, ids.shape[1] - 10)
    part = ids[y0 : y0 + 2 * ry, x0 : x0 + 2 * rx]
    y, x = np.ogrid[: part.shape[0], : part.shape[1]]
    part[((y - ry) / ry) ** 2 + ((x - rx) / rx) ** 2 < 1] = id


def panoptic_of(ids: Int32[np.ndarray, "h w"], classes: Sequence[int], *, crowds: np.ndarray) -> Panoptic:
    """The map with the segments that are still seen; a crowd is a thing, and one a class."""
    segments, crowded = [], set()
    for id in np.unique(ids[ids > 0]).tolist():
        class_id = classes[id - 1]
        is_crowd = bool(crowds[id - 1]) and class_id >= len(STUFF) and class_id not in crowded
        crowded |= {class_id} if is_crowd else set()
        segments.append(Segment(id, class_id, is_crowd=is_crowd))
    return Panoptic(ids, tuple(segments), CLASSES)


def count_as_panopticapi(truth: Panoptic, prediction: Panoptic, into: Counted) -> None:
    """One image by the algorithm of panopticapi's `pq_compute_single_core`."""
    gt_segms = {segment.id: segment for segment in truth.segments}
    pred_segms = {segment.id: segment for segment in prediction.segments}
    gt_area, pred_area = (
        dict(zip(*(part.tolist() for part in np.unique(side.segment_ids, return_counts=True)), strict=True))
        for side in (truth, prediction)
    )
    codes = truth.segment_ids.astype(np.uint64) * OFFSET + prediction.segment_ids.astype(np.uint64)
    pairs = {}
    for code, intersection in zip(*np.unique(codes, return_counts=True), strict=True):
        pairs[int(code // OFFSET), int(code % OFFSET)] = int(intersection)
    gt_matched, pred_matched = set(), set()
    for (gt, pred), intersection in pairs.items():
        if gt not in gt_segms or pred not in pred_segms or gt_segms[gt].is_crowd:
            continue
        class_id = gt_segms[gt].class_id
        if class_id != pred_segms[pred].class_id:
            continue
        iou = intersection / (pred_area[pred] + gt_area[gt] - intersection - pairs.get((0, pred), 0))
        if iou > 0.5:
            into.tp[class_id] += 1
            into.iou[class_id] += iou
            gt_matched.add(gt)
            pred_matched.add(pred)
    crowds = {}
    for gt, segment in gt_segms.items():
        if segment.is_crowd:
            crowds[segment.class_id] = gt
        elif gt not in gt_matched:
            into.fn[segment.class_id] += 1
    for pred, segment in pred_segms.items():
        if pred in pred_matched:
            continue
        intersection = pairs.get((0, pred), 0) + pairs.get((crowds.get(segment.class_id, -1), pred), 0)
        if intersection / pred_area[pred] <= 0.5:
            into.fp[segment.class_id] += 1


def panopticapi_quality(pairs: Sequence[tuple[Panoptic, Panoptic]]) -> float:
    """PQ of all classes that occur, by panopticapi's algorithm."""
    counted = Counted()
    for truth, prediction in pairs:
        count_as_panopticapi(truth, prediction, counted)
    found = sorted(counted.tp.keys() | counted.fp.keys() | counted.fn.keys())
    of_class = [counted.iou[i] / (counted.tp[i] + counted.fp[i] / 2 + counted.fn[i] / 2) for i in found]
    return sum(of_class) / len(of_class)


def own_quality(pairs: Sequence[tuple[Panoptic, Panoptic]]) -> float:
    """The same number."""
    tallies = [tally(*pair) for pair in pairs]
    return scores([str(i) for i in range(len(tallies))], tallies, CLASSES, draws=0).headline_row.value


def pairs_of(scene: Scene, images: int) -> Iterable[tuple[Panoptic, Panoptic]]:
    """Ground truth and prediction of so many images, the same every time."""
    rng = np.random.default_rng(1)
    for _ in range(images):
        truth = truth_of(rng, scene)
        yield truth, prediction_of(rng, truth, scene)
