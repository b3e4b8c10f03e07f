"""Which pictures the page shows, in which order and under which title."""

import math
from dataclasses import dataclass
from statistics import median

from maskwright.masks.types import Instances, Panoptic
from maskwright.report.content import Picture, ReportContent
from maskwright.report.pictures import PAGE_BYTES, Panel, object_panels, panels, segment_panels

MOST_WORST, MOST_BEST = 8, 4  # of the pictures handed over; more would leave too few bytes for each


@dataclass(frozen=True)
class Exhibit:
    """One picture with its panels and its place among all images."""

    picture: Picture
    place: str
    panels: tuple[Panel, ...]
    counts: dict[str, int] | None  # of objects or segments found and errors by kind; None where pixels alone were scored


@dataclass(frozen=True)
class Gallery:
    """Pictures under one title."""

    title: str
    exhibits: tuple[Exhibit, ...]


def galleries(report: ReportContent, all_values: tuple[float, ...]) -> tuple[Gallery, ...]:
    """The worst pictures first, then the best; `all_values` are the scores of all images, shown or not."""
    measured = sorted(
        (picture for picture in report.pictures if not math.isnan(picture.score)), key=lambda picture: picture.score
    )
    empty = [picture for picture in report.pictures if math.isnan(picture.score)][:MOST_BEST]
    if len(measured) > MOST_WORST + MOST_BEST:
        measured = measured[:MOST_WORST] + measured[-MOST_BEST:]
    middle = median([value for value in all_values if not math.isnan(value)] or [math.inf])
    worst = [picture for picture in measured if picture.score < middle]
    best = [picture for picture in reversed(measured) if picture.score >= middle]
    titled = {"The worst images": worst, "The best images": best, "Images in which nothing can be measured": empty}
    if len(measured) == len(all_values):
        titled = {"The scored image" if len(measured) == 1 else "All images, worst first": measured}
    most_bytes = PAGE_BYTES // max(sum(map(len, titled.values())), 1)
    ranked = (entry for entry in report.scores.per_image if entry.get("score") is not None)
    places = {str(entry["id"]): number for number, entry in enumerate(ranked, 1)}
    return tuple(
        Gallery(title, tuple(_exhibit(picture, report, places, most_bytes) for picture in chosen))
        for title, chosen in titled.items()
        if chosen
    )


def _exhibit(picture: Picture, report: ReportContent, places: dict[str, int], most_bytes: int) -> Exhibit:
    words = place(places[picture.id], len(places)) if picture.id in places else ""
    if isinstance(picture.ground_truth, Panoptic) and isinstance(picture.prediction, Panoptic):
        return Exhibit(picture, words, *segment_panels(picture, most_bytes=most_bytes))
    if isinstance(picture.prediction, Instances):
        return Exhibit(picture, words, *object_panels(picture, most_bytes=most_bytes))
    return Exhibit(picture, words, panels(picture, background=report.background, most_bytes=most_bytes), None)


def place(from_worst: int, images: int) -> str:
    """'worst of 29', '2nd best of 29'; empty where there is nothing to compare with."""
    if images < 2:
        return ""
    rank, end = (from_worst, "worst") if 2 * from_worst <= images else (images + 1 - from_worst, "best")
    ending = "th" if 10 < rank % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{end} of {images}" if rank == 1 else f"{rank}{ending} {end} of {images}"
