"""Parts to train on and to score on that do not leak into each other, and words on what the score can show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt16

from maskwright.base.errors import DataError
from maskwright.base.rng import stream
from maskwright.data.blocks import SMALLEST_SIDE, best_cut, cut_records, guard_pixels
from maskwright.data.dataset import DataSet
from maskwright.data.groups import Grouping, group, hold_out
from maskwright.data.series import group_runs, is_series
from maskwright.formats.plane_paths import is_plane
from maskwright.masks.convert import to_label_map

FEW = 4  # up to so many images are cut into blocks instead of being held out whole
VAL_FOR_BOTH = "The held-out part also chooses the best weights, so its score is slightly too good."
MOST_READ = 2000  # images whose masks are read to balance classes; beyond, chance balances well enough


@dataclass(frozen=True)
class Split:
    """The parts of a data set: "train", "val" where there is a held-out part, and "test" where a file names one.

    method: "groups", "images", "blocks", "file" or "none". statement: what the parts are and what a score on them can show.
    """

    parts: dict[str, DataSet]
    method: str
    statement: str

    @property
    def train(self) -> DataSet:
        return self.parts["train"]

    @property
    def val(self) -> DataSet | None:
        """What chooses the best weights; None where nothing could be held out."""
        return self.parts.get("val")

    @property
    def test(self) -> DataSet | None:
        """What the final score is measured on: the test part, or else the validation part."""
        return self.parts.get("test", self.val)

    def for_task(self, task: str) -> "Split":
        """The same split of what a task sees of the data, as `DataSet.for_task` has it."""
        return replace(self, parts={name: part.for_task(task) for name, part in self.parts.items()})

    def to_json(self) -> dict[str, Any]:
        """Ids and windows of every part, so that `from_json` finds them again."""
        parts = {
            name: [{"id": record.id, "window_xyxy": record.window_xyxy and list(record.window_xyxy)} for record in part.records]
            for name, part in self.parts.items()
        }
        return {"method": self.method, "statement": self.statement, "parts": parts}

    @classmethod
    def from_json(cls, value: dict[str, Any], data: DataSet) -> "Split":
        """The split that `to_json` wrote, on the same data. Raises `DataError` when images have gone."""
        by_id = {record.id: record for record in data.records}
        try:
            wanted = {
                name: [(str(entry["id"]), tuple(entry["window_xyxy"] or ()) or None) for entry in entries]
                for name, entries in value["parts"].items()
            }
            method, statement = str(value["method"]), str(value["statement"])
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"A split needs method, statement and parts with ids and windows; wrong at: {error!r}.") from error
        gone = sorted({name for entries in wanted.values() for name, _ in entries if name not in by_id})
        if gone:
            raise DataError(
                f"{data.root}: {len(gone)} images of the split are not there any more ({', '.join(gone[:5])}). "
                f"Put them back, or start a new run with --out."
            )
        parts = {
            name: data.with_records(tuple(replace(by_id[one], window_xyxy=window) for one, window in entries))
            for name, entries in wanted.items()
        }
        return cls(parts, method, statement)


def split(
    data: DataSet,
    *,
    fraction: float = 0.2,
    seed: int = 0,
    group_by: str | None = None,
    guard: int = 64,
    together: Iterable[Sequence[str]] = (),
) -> Split:
    """Hold out about a fraction of the images, whole groups at a time; of up to four images, blocks.

    group_by: a regular expression on image names (see `groups.group`). guard: pixels left out between a training block and
    a held-out one, at best as many as the network sees around a pixel. together: ids that must stay on one side, such as
    near-duplicates. Images without a mask are in no part. The same arguments give the same split.
    """
    parts = divide(data, fraction=fraction, seed=seed, group_by=group_by, guard=guard, together=together)
    sizes = [part_sizes(parts.parts)] if parts.method in ("images", "groups") else []
    both = [VAL_FOR_BOTH] if parts.val else []
    unused = not_used(sum(record.mask is None for record in data.records), "without a mask")
    return replace(parts, statement=" ".join([*sizes, parts.statement, *both, *unused]))


def divide(
    data: DataSet,
    *,
    fraction: float = 0.2,
    seed: int = 0,
    group_by: str | None = None,
    guard: int = 64,
    together: Iterable[Sequence[str]] = (),
) -> Split:
    """`split`, with a statement only on what was held out and why."""
    if not 0 < fraction < 1:
        raise DataError(f"The held-out fraction must lie between 0 and 1, not {fraction}; 0.2 is usual.")
    data = data.with_records([record for record in data.records if record.mask is not None])
    if not len(data):
        raise DataError(
            f"{data.root}: no image has a mask, so there is nothing to train on. 'maskwright check' lists the files."
        )
    if len(data) <= FEW:
        return _blocks(data, fraction, guard, f"With {n_images(len(data))} none can be held out whole")
    grouping = group(data.records, group_by, together)
    if grouping.kind == "images" and group_by is None:
        if is_plane(data.records[0].image):  # of the only stack, since several are groups
            grouping = replace(group_runs(data.records, fraction, together), kind="planes")
        elif is_series(data):
            grouping = group_runs(data.records, fraction, together)
    if grouping.count == 1 and grouping.kind == "asked":
        raise DataError(
            f"--group-by '{group_by}' puts all images into one group; a split needs two. Choose another expression."
        )
    if grouping.count == 1:
        return _blocks(data, fraction, guard, "All images show nearly the same")
    held = hold_out(grouping.units, _present(data), fraction, stream(seed, "split"))
    train = [record for record, out in zip(data.records, held, strict=True) if not out]
    val = [record for record, out in zip(data.records, held, strict=True) if out]
    method = "images" if grouping.kind == "images" else "groups"
    return Split({"train": data.with_records(train), "val": data.with_records(val)}, method, _grouping_words(grouping, held))


def _blocks(data: DataSet, fraction: float, guard: int, why: str) -> Split:
    """A block of each image held out; no held-out part at all where every image is too small."""
    ids = [_class_ids(data, i) for i in range(len(data))]
    sizes = [(one.shape[0], one.shape[1]) for one in ids]
    cut = best_cut(ids, len(data.classes), share=fraction, guard=guard)
    if cut is None:
        words = (
            f"{why}, and all are too small to be cut: the largest side has {max(map(max, sizes))} pixels, {SMALLEST_SIDE} are "
            f"needed. Nothing is held out, so no score says how well the model works. Label more images."
        )
        return Split({"train": data}, "none", words)
    train, held = cut_records(data.records, cut, sizes, guard)
    largest = max(sizes, key=cut.side)
    words = (
        f"{why}, so a block of each is: the {cut.words(largest)} {cut.share:.0%} of the image, behind a guard band of "
        f"{guard_pixels(cut.side(largest), guard)} pixels that is in neither part. The held-out part is from the same "
        f"{'images' if len(data) > 1 else 'image'}: its score shows how well the rest of such an image is filled in, "
        f"not how the model works on a new specimen."
    )
    whole = len(train) - len(held)
    small = f" {n_images(whole)} too small to be cut only {'trains' if whole == 1 else 'train'}." if whole else ""
    return Split({"train": data.with_records(train), "val": data.with_records(held)}, "blocks", words + small)


def _class_ids(data: DataSet, i: int) -> UInt16[np.ndarray, "h w"]:
    segmentation = data[i].segmentation
    assert segmentation is not None  # only records with masks come here
    return to_label_map(segmentation).ids


def _present(data: DataSet) -> Bool[np.ndarray, "n k"]:
    """Which classes each image shows; nothing known where there are too many images to read for it."""
    present = np.zeros((len(data), len(data.classes)), bool)
    if len(data) <= MOST_READ:
        for i in range(len(data)):
            counts = np.bincount(_class_ids(data, i).ravel(), minlength=len(data.classes))
            present[i] = counts[: len(data.classes)] > 0
    return present


def part_sizes(parts: dict[str, DataSet]) -> str:
    names = {"train": "to train on", "val": "held out", "test": "to test on"}
    if "test" in parts:
        names["val"] = "to choose the best weights by"
    return ", ".join(f"{n_images(len(part))} {names[name]}" for name, part in parts.items()) + "."


def n_images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


def not_used(count: int, why: str) -> list[str]:
    """A sentence on the images that are in no part, if any."""
    return [f"In no part: {n_images(count)} {why}."] if count else []


def _grouping_words(grouping: Grouping, held: Bool[np.ndarray, " n"]) -> str:
    """What was held out, and what its score can show."""
    if grouping.kind == "images":
        return (
            "Single images were held out at random: the score shows how the model works on more images of the same kind. If "
            "several come from one specimen, patient or movie, it is too good; say what belongs together with --group-by."
        )
    names = sorted({name for name, out in zip(grouping.names, held, strict=True) if out})
    shown = ", ".join(f"'{name}'" for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    if grouping.kind == "runs":
        return (
            f"The images look like slices of a stack or frames of a movie, since each resembles the next, so a run of "
            f"neighbours was held out: {shown}. The score shows how the model works further along in the same stack, "
            f"not on a new specimen. If they are no such series, say what belongs together with --group-by."
        )
    if grouping.kind == "planes":
        return (
            f"The images are planes of one stack, so a run of neighbours was held out: {shown}. The score shows how the model "
            f"works further along in this stack, not on a new specimen."
        )
    how = {
        "asked": "as --group-by says",
        "groups": "by the data's own groups (folders, stacks)",
        "stems": "by the stem of the file name",
    }
    return (
        f"Whole groups were held out, {how[grouping.kind]}: {shown}, of {len(set(grouping.names))} groups. The score shows how "
        f"the model works on a group that it has not seen, as far as these groups stand for new ones."
    )
