"""What is found in a data set that a person should know: one small rule each, over what the survey has seen."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool

from maskwright.data.duplicates import Duplicates
from maskwright.data.scan import Fault
from maskwright.data.split import Split
from maskwright.data.survey import Seen
from maskwright.formats.annotations import Note
from maskwright.masks.classes import Classes

Severity = Literal["error", "warning", "note"]

SHOWN = 5  # files named in a message; `Finding.files` has them all
NAMED = 20  # classes named in a message
TINY = 32  # pixels of the shorter side; a network with four halvings sees nothing but padding around such an image

# Faults of files: how grave, what all of a kind have in common, what to do. Files that are left out do not spoil the training
# on the others; what puts the pairing or the meaning of the masks in doubt does.
FAULTS: dict[str, tuple[Severity, str, str]] = {
    "unreadable-image": (
        "warning",
        "cannot be read as images and are left out",
        "Copy or export them again, or take them out.",
    ),
    "unreadable-mask": ("warning", "cannot be read as masks and are left out", "Export them again, or take them out."),
    "broken-link": ("warning", "cannot be opened and are left out", "Mend the links and permissions, or take them out."),
    "image-without-mask": ("warning", "have no mask and are left out", "Add the masks, named like their images."),
    "mask-without-image": ("warning", "are masks without an image and are left out", "Add the images, named like their masks."),
    "not-annotated": ("warning", "are not in the annotations and are left out", "Annotate them, or list them without objects."),
    "image-not-found": ("warning", "are annotated but not there", "Bring the images back, or take them out of the file."),
    "size-mismatch": (
        "error",
        "have another size than their image",
        "Make each mask anew in the size of its image.",
    ),
    "ambiguous": (
        "error",
        "could each be meant by the same name",
        "Keep one of them, or choose with --image-glob and --mask-glob.",
    ),
    "unknown-values": ("error", "hold values that are no class", "Declare the values with --ignore or --class-names."),
}

# What an image's note speaks of -> how grave it is, and the finding's code.
NOTES: tuple[tuple[str, Severity, str], ...] = (
    ("NaN", "warning", "nan-values"),
    ("EXIF", "note", "exif-rotation"),
    ("alpha", "note", "alpha-channel"),
    ("first", "warning", "several-frames"),
)


@dataclass(frozen=True)
class Finding:
    """One thing that was found: how grave it is, a code that stays the same, what and where, and what to do about it."""

    severity: Severity
    code: str
    message: str
    remedy: str = ""
    files: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.severity}: {self.message} {self.remedy} [{self.code}]".replace("  ", " ")


def of_faults(faults: Sequence[Fault], root: Path) -> Iterable[Finding]:
    """Files that cannot be used, each kind together; the first is told in full."""
    by_code: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        by_code[fault.code].append(fault)
    for code, same in by_code.items():
        severity, what, remedy = FAULTS.get(code, ("warning", "cannot be used", ""))
        files = tuple(_name(fault.path, root) for fault in same)
        if len(same) == 1:
            yield Finding(severity, code, same[0].message, "", files)
        else:
            yield Finding(severity, code, f"{_listed(files)} {what}. The first: {same[0].message}", remedy, files)


def of_notes(notes: Sequence[Note]) -> Iterable[Finding]:
    """What an annotation file's reader has to say, each kind together; the first is told in full."""
    by_kind: dict[tuple[Severity, str], list[Note]] = defaultdict(list)
    for note in notes:
        by_kind[note.severity, note.code].append(note)
    for (severity, code), same in by_kind.items():
        where = tuple(note.where for note in same)
        if len(same) == 1:
            yield Finding(severity, code, f"{where[0]}: {same[0].what}.", same[0].remedy, where)
        else:
            what = f"{len(same)} times ({', '.join(where[:SHOWN])}{', ...' if len(where) > SHOWN else ''})"
            yield Finding(severity, code, f"{what}; of {where[0]}: {same[0].what}.", same[0].remedy, where)


def of_images(seen: Sequence[Seen], root: Path) -> Iterable[Finding]:
    """Images that differ in kind, or in which there is little to see."""
    channels = Counter(one.channels for one in seen)
    if len(channels) > 1:
        rare = channels.most_common()[-1][0]
        yield Finding(
            "error",
            "mixed-channels",
            f"The images differ in their number of channels: {_counted(channels, 'with')}.",
            "Convert all to gray or all to RGB; a network takes one number of channels.",
            _names((one for one in seen if one.channels == rare), root),
        )
    dtypes = Counter(one.dtype for one in seen)
    if len(dtypes) > 1:
        rare_type = dtypes.most_common()[-1][0]
        yield Finding(
            "warning",
            "mixed-depths",
            f"The images differ in their type of values: {_counted(dtypes, 'of')}. Their brightness may not be comparable.",
            "Export all from the same source in the same way.",
            _names((one for one in seen if one.dtype == rare_type), root),
        )
    rules: tuple[tuple[Severity, str, str, str, list[Seen]], ...] = (
        ("warning", "constant-images", "have the same value in every pixel", "Take them out, or export them again.",
         [one for one in seen if one.is_constant and one.size_hw != (1, 1)]),
        ("warning", "tiny-images", f"are narrower than {TINY} pixels", "Use larger pieces, in which an object is seen whole.",
         [one for one in seen if min(one.size_hw) < TINY]),
    )  # fmt: skip
    for severity, code, what, remedy, those in rules:
        if those:
            files = _names(those, root)
            yield Finding(severity, code, f"{_listed(files)} {what}.", remedy, files)
    yield from _of_notes(seen, root)


def of_masks(seen: Sequence[Seen], classes: Classes, root: Path) -> Iterable[Finding]:
    """Masks in which nothing is marked, and classes that cannot be learned or scored."""
    masked = [one for one in seen if one.class_pixels is not None]
    if not masked:
        return
    pixels = np.stack([one.class_pixels for one in masked if one.class_pixels is not None])
    present, ignored = pixels[:, :-1] > 0, pixels[:, -1]
    own = len({one.record.mask for one in masked}) == len(masked)  # else one file holds them all, and images are named
    first = 0 if classes[0].is_thing else 1
    empty = [one for one, marked in zip(masked, present[:, first:].any(axis=1) | (ignored > 0), strict=True) if not marked]
    if len(empty) == len(masked):
        yield Finding("error", "all-masks-empty", "Every mask holds nothing but background.", "Are these the masks?")
        return
    if empty:
        files = _names(empty, root, mask=own)
        words = f"{_listed(files)} hold nothing but {classes[0].name}."
        yield Finding("warning", "empty-masks", words, "Right where there is nothing to find; otherwise label them.", files)
    blank = [one for one, counts in zip(masked, pixels, strict=True) if not counts[:-1].any()]
    if blank:
        files = _names(blank, root, mask=own)
        yield Finding("warning", "ignored-masks", f"{_listed(files)} mark every pixel to be left out.", "Take them out.", files)
    yield from _of_rare_classes(masked, present, classes, _names(masked, root, mask=own))


def of_duplicates(seen: Sequence[Seen], duplicates: Duplicates, split: Split | None) -> Iterable[Finding]:
    """Images that show the same: in two parts of a split, with different masks, or merely twice."""
    by_id = {one.record.id: one for one in seen}
    parts: dict[str, set[str]] = defaultdict(set)
    if split is not None and split.method != "blocks":  # blocks cut every image alike, so that what shows the same stays apart
        for part, data in split.parts.items():
            for record in data.records:
                parts[record.id].add(part)
    leaks = [group for group in duplicates.groups if len(set().union(*(parts.get(one, set()) for one in group))) > 1]
    if leaks:
        words = f"{_pairs(leaks)} show the same but stand in different parts of the split, so the score would be too good."
        yield Finding("error", "leak", words, "Take one of each out, or leave the split to maskwright.", _flat(leaks))
    differing = [group for group in duplicates.exact if len({by_id[one].mask_digest for one in group}) > 1]
    if differing:
        words = f"{_pairs(differing)} have equal pixels but different masks."
        yield Finding("warning", "duplicates-with-different-masks", words, "Keep the right one.", _flat(differing))
    kinds = (
        ("duplicates", "have equal pixels", duplicates.exact),
        ("near-duplicates", "show nearly the same (scaled, saved anew or brightened)", duplicates.near),
    )
    for code, what, groups in kinds:
        rest = [group for group in groups if group not in leaks and group not in differing]
        if rest:
            remedy = "They are kept on one side of a split; take all but one of each out."
            yield Finding("warning", code, f"{_pairs(rest)} {what}.", remedy, _flat(rest))


def of_groups(split: Split | None) -> Iterable[Finding]:
    """Groups of the data (folders) that a split cuts."""
    if split is None or split.method == "blocks":
        return
    parts: dict[str, set[str]] = defaultdict(set)
    for part, data in split.parts.items():
        for record in data.records:
            if record.group:
                parts[record.group].add(part)
    cut = tuple(group for group, where in parts.items() if len(where) > 1)
    if cut and len(parts) > 1:
        words = f"{_listed(cut)} stand in more than one part of the split: if a group is a specimen, the score is too good."
        yield Finding(
            "warning", "group-across-split", words, "Leave the split to maskwright, or name groups with --group-by.", cut
        )


def _of_rare_classes(
    masked: Sequence[Seen], present: Bool[np.ndarray, "n k"], classes: Classes, files: Sequence[str]
) -> Iterable[Finding]:
    """Classes that no mask shows, or only one; all of a kind together, since there may be dozens."""
    counts = present.sum(axis=0)
    absent = [info.name for info, count in zip(classes, counts, strict=True) if not count]
    if absent:
        words = (
            "The class {} occurs in no mask; it" if len(absent) == 1 else f"{len(absent)} classes occur in no mask ({{}}); they"
        )
        more = f" and {len(absent) - NAMED} more" if len(absent) > NAMED else ""
        words = words.format(", ".join(f"'{name}'" for name in absent[:NAMED]) + more) + " can be neither learned nor scored."
        yield Finding("warning", "class-never-occurs", words, "Label some of it, or take the class out.")
    once = [] if len(masked) == 1 else np.flatnonzero(counts == 1).tolist()
    if once:
        holders = [int(present[:, class_id].argmax()) for class_id in once]
        where = [f"'{classes[class_id].name}' ({masked[one].record.id})" for class_id, one in zip(once, holders, strict=True)]
        words = (
            f"The class {where[0]} occurs in one file only, so it is either learned or scored."
            if len(once) == 1
            else f"{len(once)} classes occur in one file only, so each is either learned or scored: {', '.join(where)}."
        )
        yield Finding("warning", "class-in-one-file", words, "Label it in more images.", tuple(files[one] for one in holders))


def _of_notes(seen: Sequence[Seen], root: Path) -> Iterable[Finding]:
    by_note: dict[tuple[Severity, str], list[tuple[Seen, str]]] = defaultdict(list)
    for one in seen:
        for note in one.notes:
            severity, code = next(((grave, code) for word, grave, code in NOTES if word in note), ("note", "image-note"))
            by_note[severity, code].append((one, note))
    for (severity, code), those in by_note.items():
        files = _names((one for one, _ in those), root)
        yield Finding(severity, code, f"{_listed(files)}: {those[0][1]}.", "", files)


def _name(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _names(seen: Iterable[Seen], root: Path, *, mask: bool = False) -> tuple[str, ...]:
    paths = (one.record.mask if mask and one.record.mask else one.record.image for one in seen)
    return tuple(_name(path, root) for path in paths)


def _listed(names: Sequence[str]) -> str:
    """'3 files (a, b, c)', and no more than `SHOWN` of them."""
    if len(names) == 1:
        return names[0]
    more = ", ..." if len(names) > SHOWN else ""
    return f"{len(names)} files ({', '.join(names[:SHOWN])}{more})"


def _counted(counts: Counter[Any], word: str) -> str:
    return ", ".join(f"{count} {word} {value}" for value, count in counts.most_common())


def _pairs(groups: Sequence[Sequence[str]]) -> str:
    more = f"; and {len(groups) - SHOWN} more groups" if len(groups) > SHOWN else ""
    return "; ".join(" = ".join(group[:SHOWN]) for group in groups[:SHOWN]) + more


def _flat(groups: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(one for group in groups for one in group)
