"""Which pictures the page shows, in which order and under which title."""

import math
from dataclasses import dataclass
from statistics import median

from maskwright.report.content import Picture, ReportContent
from maskwright.report.pictures import PAGE_BYTES, Panel, panels

MOST_WORST, MOST_BEST = 8, 4  # of the pictures handed over; more would leave too few bytes for each


@dataclass(frozen=True)
class Exhibit:
    """One picture with its panels and its place among all images."""

    picture: Picture
    place: str
    panels: tuple[Panel, ...]


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
    most_bytes = PAGE_BYTES // max(4 * sum(map(len, titled.values())), 1)
    places = {str(entry["id"]): place for place, entry in enumerate(report.scores.per_image, 1)}
    return tuple(
        Gallery(title, tuple(_exhibit(picture, report, places, most_bytes) for picture in chosen))
        for title, chosen in titled.items()
        if chosen
    )


def _exhibit(picture: Picture, report: ReportContent, places: dict[str, int], most_bytes: int) -> Exhibit:
    place = f"place {places[picture.id]} of {len(places)} from the worst" if len(places) > 1 and picture.id in places else ""
    return Exhibit(picture, place, panels(picture, background=report.background, most_bytes=most_bytes))
