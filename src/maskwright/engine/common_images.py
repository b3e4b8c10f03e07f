"""The images on which runs can be compared: scored by all of them, against the same ground truth."""

from collections.abc import Collection, Sequence

from maskwright.base.errors import DataError
from maskwright.base.files import natural_key
from maskwright.engine.scored_run import ScoredRun

FEW_IMAGES = 10  # below, resamples of so few images say little of how others would differ
NAMED = 5  # ids in a message

PARTS = {"test": "its test part", "val": "its held-out part", "train": "what it was trained on", "": "images of your choice"}


def require_same_classes(runs: Sequence[ScoredRun]) -> None:
    """Raises `DataError` where the classes, their order, the background, or what was counted differ."""
    first = runs[0]
    for run in runs[1:]:
        if run.unit != first.unit:
            raise DataError(
                f"{run.name} cannot be compared with {first.name}: of {first.name} {first.unit} were scored, of {run.name} "
                f"{run.unit}. Compare runs of one task: maskwright train DATA --task semantic, instance or panoptic, for both."
            )
        for what, expected, seen in (
            ("classes", ", ".join(first.scores.class_names), ", ".join(run.scores.class_names)),
            ("background", _background(first), _background(run)),
        ):
            if expected != seen:
                raise DataError(
                    f"{run.name} cannot be compared with {first.name}: the {what} differ. {first.name}: {expected}; "
                    f"{run.name}: {seen}. Train both on masks that mean the same, with the same --class-names."
                )


def common_images(runs: Sequence[ScoredRun]) -> tuple[list[str], tuple[str, ...]]:
    """The ids that count, in natural order, and in words what does not count. Raises `DataError` where nothing is common."""
    everywhere = set.intersection(*(set(run.counts) for run in runs))
    if not everywhere:
        scored = "; ".join(f"{run.name}: {_listed(run.counts)}" for run in runs)
        raise DataError(
            f"No image was scored in all of these runs. {scored}. "
            "Score them on the same images: maskwright evaluate RUN DATA --part all"
        )
    other = {id for id in everywhere if any(run.truth(id) != runs[0].truth(id) for run in runs)}
    if other == everywhere:
        raise DataError(_other_truth(runs, min(other, key=natural_key)))
    ids = sorted(everywhere - other, key=natural_key)
    notes = []
    if len({run.part for run in runs}) > 1:
        notes.append(f"Scored were different parts. {'; '.join(f'{run.name}: {PARTS[run.part]}' for run in runs)}.")
    for run in runs:
        missing = len(run.counts) - len(everywhere)
        if missing:
            notes.append(f"{missing} of the {len(run.counts)} images of {run.name} were not scored in every run: left out.")
    if other:
        notes.append(f"The ground truth of {_listed(other)} is not the same in every run: left out.")
    return ids, tuple(notes)


def warnings(runs: Sequence[ScoredRun], ids: Sequence[str]) -> tuple[str, ...]:
    """What to know before believing a comparison on these images."""
    found = []
    if len(ids) == 1:
        found.append("Only one image is common: there are no intervals, and other images may say the opposite.")
    elif len(ids) < FEW_IMAGES:
        found.append(f"Only {len(ids)} images are common: the intervals are rough, most likely too narrow.")
    for run in runs:
        seen = run.trained_on & set(ids)
        if seen:
            found.append(f"{run.name} was trained on {len(seen)} of these {len(ids)} images: its scores are too good.")
    changed = {id for id in ids if len({run.digests[id] for run in runs if id in run.digests}) > 1}
    if changed:
        found.append(
            f"The mask files of {_listed(changed)} are not the same in every run, though they hold as many {runs[0].unit} of "
            "each class: see to it that the masks say the same."
        )
    return tuple(found)


def _other_truth(runs: Sequence[ScoredRun], id: str) -> str:
    """What differs, by the example of one image."""
    first = runs[0]
    run = next(run for run in runs if run.truth(id) != first.truth(id))
    numbers = [sum(each.truth(id)) for each in (first, run)]
    if numbers[0] != numbers[1]:
        seen = f"{numbers[0]} {first.unit} in {first.name} and {numbers[1]} in {run.name}"
        what = f"it counts {seen}: the masks, or what of them is ignored,"
    else:
        what = "the classes have {} {unit} in {} and {} in {}: the masks".format(
            *(part for each in (first, run) for part in (", ".join(map(str, each.truth(id))), each.name)),
            unit=first.unit,
        )
    return (
        f"The runs were scored against different ground truths, on every common image. In {id}, {what} are not the same. "
        "Score both against the same masks, read in the same way (--ignore): maskwright evaluate RUN DATA"
    )


def _listed(ids: Collection[str]) -> str:
    """'3 images (a, b, c)', the first few by name."""
    named = sorted(ids, key=natural_key)
    more = ", ..." if len(named) > NAMED else ""
    return f"{len(named)} image{'s' if len(named) > 1 else ''} ({', '.join(named[:NAMED])}{more})"


def _background(run: ScoredRun) -> str:
    return "none" if run.background is None else run.scores.class_names[run.background]
