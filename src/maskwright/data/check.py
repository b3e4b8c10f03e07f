"""The mask doctor: says in words what a data set holds, how it maps to classes, and what would spoil a training."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.base.errors import DataError
from maskwright.data import findings
from maskwright.data.annotated import find_source
from maskwright.data.coding import CodingError, CodingOptions
from maskwright.data.dataset import DataSet, from_scan, read
from maskwright.data.duplicates import Duplicates, find_duplicates
from maskwright.data.findings import Finding
from maskwright.data.scan import Scan, scan
from maskwright.data.split import Split
from maskwright.data.survey import Seen, survey

ORDER = ("error", "warning", "note")
CLASSES_TOLD = 20  # in the words; the pages of a check are read by people


@dataclass(frozen=True)
class Report:
    """What the check found, gravest first. words: what the data are and how they map to classes.

    duplicates: for `split(together=report.duplicates.groups)`. data: what was checked, None where nothing could be read.
    """

    findings: tuple[Finding, ...]
    words: tuple[str, ...]
    duplicates: Duplicates = field(default_factory=Duplicates)
    data: DataSet | None = None

    @property
    def spoils_training(self) -> bool:
        """Whether anything was found with which training would learn or be scored wrongly."""
        return any(finding.severity == "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "spoils_training": self.spoils_training,
            "words": list(self.words),
            "findings": [finding.to_json() for finding in self.findings],
            "duplicates": {"exact": list(map(list, self.duplicates.exact)), "near": list(map(list, self.duplicates.near))},
        }

    def __str__(self) -> str:
        return "\n".join([*self.words, *map(str, self.findings or ["Nothing was found that would spoil a training."])])


def check(
    data: DataSet | Scan | Path | str,
    *,
    options: CodingOptions | None = None,
    split: Split | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Read every image and mask, and report everything that a person should know before training.

    data: a data set, or a folder (or what `scan` saw of it), of which it is also reported why it cannot be understood.
    options: what a person says about the masks of a folder. split: searched for images that leak between its parts.
    Raises `DataError` only where there is no such folder.
    """
    if isinstance(data, DataSet):
        known, found = data, list[Finding]()
    elif not isinstance(data, Scan) and (options is None or options == CodingOptions()) and find_source(Path(data)):
        known, found = read(data), []
    else:
        seen = data if isinstance(data, Scan) else scan(Path(data))
        known, found = _read(seen, options or CodingOptions())
    looked_at, faults = survey(known, progress)
    duplicates = find_duplicates({one.record.id: one.look for one in looked_at})
    root = known.root
    found += findings.of_faults((*known.faults, *faults), root)
    found += [Finding("warning", "doubtful-masks", doubt) for doubt in known.doubts if not doubt.endswith(ABSENT)]
    found += findings.of_images(looked_at, root)
    if known.labels is not None:
        found += findings.of_notes(known.labels.notes)
        found += findings.of_masks(looked_at, known.labels.classes, root)
    found += findings.of_duplicates(looked_at, duplicates, split)
    found += findings.of_groups(split)
    if not len(looked_at) and not any(finding.code == "nothing-usable" for finding in found):
        found.append(Finding("error", "nothing-usable", f"{root}: not one image can be used.", "Mend the files named here."))
    found.sort(key=lambda finding: ORDER.index(finding.severity))
    return Report(tuple(found), (*known.words, *_words(looked_at, known)), duplicates, known)


ABSENT = "occur in no mask."  # the reader doubts class ids without pixels; the check says it for each class by name


def _read(found: Scan, options: CodingOptions) -> tuple[DataSet, list[Finding]]:
    """The data set, or its images alone, and why the masks cannot be understood."""
    unambiguous = replace(found, faults=tuple(fault for fault in found.faults if fault.code != "ambiguous"))
    words = (f"{len(found.records)} images, with masks that are not understood yet",)
    bare = DataSet(found.root, tuple(replace(record, mask=None) for record in found.records), None, words)
    try:
        return replace(from_scan(unambiguous, options), faults=found.faults), []
    except CodingError as error:
        files = tuple(str(path) for path in error.files)
        problem = Finding("error", error.code, error.message, error.remedy, files)
    except DataError as error:
        problem = Finding("error", "nothing-usable", str(error))
    return replace(bare, faults=found.faults), [problem]


def _words(seen: Sequence[Seen], data: DataSet) -> Iterable[str]:
    """What the images are, and how many pixels each class has."""
    if not seen:
        return
    kinds = Counter((one.channels, one.dtype) for one in seen)
    names = {1: "gray", 3: "RGB"}
    yield "images: " + ", ".join(
        f"{count} {names.get(channels, f'{channels}-channel')} {dtype}" for (channels, dtype), count in kinds.most_common()
    )
    heights, widths = zip(*(one.size_hw for one in seen), strict=True)
    yield f"size: {_range(widths)} pixels wide, {_range(heights)} high"
    masks = [one.class_pixels for one in seen if one.class_pixels is not None]
    if data.labels is None or not masks:
        return
    pixels = np.stack(masks)
    total = max(int(pixels[:, :-1].sum()), 1)
    shares, images = pixels[:, :-1].sum(axis=0) / total, np.count_nonzero(pixels[:, :-1], axis=0)
    told = np.sort(np.argsort(-shares, kind="stable")[:CLASSES_TOLD]).tolist()
    if len(shares) > CLASSES_TOLD:
        told = [class_id for class_id in told if images[class_id]]
    for class_id in told:
        name, where = data.labels.classes[class_id].name, f"in {images[class_id]} of {len(masks)} masks"
        yield f"class {class_id} '{name}': {shares[class_id]:.1%} of the pixels, {where}"
    rest = np.count_nonzero(images) - len(told)
    if rest > 0:
        yield f"{rest} more classes: each at most {shares[told].min():.1%} of the pixels"
    elif len(shares) > len(told):
        yield f"{len(shares) - len(told)} more classes: in no mask"


def _range(sides: Sequence[int]) -> str:
    return str(sides[0]) if len(set(sides)) == 1 else f"{min(sides)} to {max(sides)}"
