"""Scored images as panels in a page: image, ground truth, prediction, errors."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from maskwright.masks.convert import to_instances, to_label_map
from maskwright.masks.draw import error_map, overlay
from maskwright.masks.types import Panoptic
from maskwright.report.content import Picture
from maskwright.report.object_pictures import object_picture
from maskwright.report.segment_pictures import segment_picture

LONGEST = 512  # pixels of a panel's longer side: two screen pixels for each that four panels in a row can show
LARGE = 1024  # of the panel of errors of objects, which stands as large as three of the others together
SEGMENTS_PAINTED = 0.6  # of their colours: every pixel has one, and the picture is small
SMALLEST = 256  # pixels of a panel's longer side from which it is smoothed when shown larger
PAGE_BYTES = 3_300_000  # of all panels together, so that the page stays below 5 MB once they are written as text
HOPEFUL = 2  # times as large as it may be, a PNG that was made in haste is worth being made with care
LOSSY = (  # longer side and JPEG quality, tried in turn
    (1024, 90), (1024, 80), (1024, 70), (768, 72), (512, 92), (512, 84), (512, 72), (384, 72), (256, 72), (192, 60),
)  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """One picture in the page: what it shows in a word and in a sentence, and its content as a data address."""

    caption: str
    description: str
    address: str
    size_hw: tuple[int, int]
    is_pixelated: bool


def panels(picture: Picture, *, background: int | None, most_bytes: int) -> tuple[Panel, ...]:
    """The four panels of one image, together of at most about `most_bytes`."""
    mistakes = error_map(
        picture.image, to_label_map(picture.ground_truth), to_label_map(picture.prediction), background=background
    )
    views = (
        ("image", f"The image {picture.id}", picture.image),
        ("ground truth", f"Ground truth painted over {picture.id}", overlay(picture.image, picture.ground_truth)),
        ("prediction", f"Prediction painted over {picture.id}", overlay(picture.image, picture.prediction)),
        ("errors", f"Where the prediction of {picture.id} is right, and how it is wrong", mistakes),
    )
    return tuple(_panel(caption, description, pixels, most_bytes // 4) for caption, description, pixels in views)


def object_panels(picture: Picture, *, most_bytes: int) -> tuple[tuple[Panel, ...], dict[str, int]]:
    """The four panels of an image of objects, the last one large; and how many were found, and errors by kind."""
    drawn = object_picture(picture.image, picture.ground_truth, picture.prediction, longest=LARGE)
    true, predicted = len(to_instances(picture.ground_truth)), len(to_instances(picture.prediction))
    views = (
        ("image", f"The image {picture.id}", picture.image),
        (f"ground truth: {true}", f"The {true} true objects of {picture.id}, each in its colour", drawn.truth),
        (
            f"prediction: {predicted}",
            f"The {predicted} predicted objects of {picture.id}, each in its colour",
            drawn.prediction,
        ),
    )
    small = [_panel(caption, description, pixels, most_bytes // 6) for caption, description, pixels in views]
    said = ", ".join(f"{count} {kind}" for kind, count in drawn.counts.items())
    errors = _panel("errors", f"What is right and what to fix in {picture.id}: {said}", drawn.errors, most_bytes // 2, LARGE)
    return (*small, errors), drawn.counts


def segment_panels(picture: Picture, *, most_bytes: int) -> tuple[tuple[Panel, ...], dict[str, int]]:
    """The four panels of an image of segments, the last one large; and how many were found, and errors by kind.

    Both sides are panoptic maps.
    """
    truth, prediction = picture.ground_truth, picture.prediction
    assert isinstance(truth, Panoptic)
    assert isinstance(prediction, Panoptic)
    drawn = segment_picture(picture.image, truth, prediction)
    views = [("image", f"The image {picture.id}", picture.image)]
    for caption, side, which in (("ground truth", truth, "true"), ("prediction", prediction, "predicted")):
        many = len(side.segments)
        painted = overlay(picture.image, side, alpha=SEGMENTS_PAINTED)
        views.append((f"{caption}: {many}", f"The {many} {which} segments of {picture.id}, things in shades", painted))
    small = [_panel(caption, description, pixels, most_bytes // 6) for caption, description, pixels in views]
    said = ", ".join(f"{count} {kind}" for kind, count in drawn.counts.items())
    errors = _panel("errors", f"What is right and wrong in {picture.id}: {said}", drawn.errors, most_bytes // 2, LARGE)
    return (*small, errors), drawn.counts


def _panel(
    caption: str, description: str, pixels: UInt8[np.ndarray, "h w 3"], most_bytes: int, longest: int = LONGEST
) -> Panel:
    kind, content, picture = _encoded(Image.fromarray(pixels), most_bytes, longest)
    address = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return Panel(caption, description, address, (picture.height, picture.width), max(pixels.shape) < SMALLEST)


def _encoded(picture: Image.Image, most_bytes: int, most: int) -> tuple[str, bytes, Image.Image]:
    """Exactly as PNG where that fits, else as JPEG with full colour resolution, so that outlines keep their edges."""
    reduced = _reduced(picture, most)
    if len(_saved(reduced, "PNG", compress_level=1)) <= HOPEFUL * most_bytes:
        content = _saved(reduced, "PNG", optimize=True)
        if len(content) <= most_bytes:
            return "png", content, reduced
    for longest, quality in LOSSY:
        if longest > most:
            continue
        reduced = _reduced(picture, longest)
        content = _saved(reduced, "JPEG", quality=quality, subsampling=0)
        if len(content) <= most_bytes:
            break
    return "jpeg", content, reduced


def _reduced(picture: Image.Image, longest: int) -> Image.Image:
    reduced = picture.copy()
    reduced.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return reduced


def _saved(picture: Image.Image, kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
