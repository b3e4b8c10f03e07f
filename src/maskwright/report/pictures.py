"""Scored images as panels in a page: image, ground truth, prediction, errors."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from maskwright.masks.convert import to_label_map
from maskwright.masks.draw import error_map, overlay
from maskwright.report.content import Picture

LONGEST = 512  # pixels of a panel's longer side: two screen pixels for each that four panels in a row can show
SMALLEST = 256  # pixels of a panel's longer side from which it is smoothed when shown larger
PAGE_BYTES = 3_300_000  # of all panels together, so that the page stays below 5 MB once they are written as text
LOSSY = ((512, 92), (512, 84), (512, 72), (384, 72), (256, 72), (192, 60))  # longer side and JPEG quality, tried in turn


@dataclass(frozen=True)
class Panel:
    """One picture in the page: what it shows in a word and in a sentence, and its content as a data address."""

    caption: str
    description: str
    address: str
    size_hw: tuple[int, int]
    is_pixelated: bool


def panels(picture: Picture, *, background: int | None, most_bytes: int) -> tuple[Panel, ...]:
    """The four panels of one image, each of at most about `most_bytes`."""
    mistakes = error_map(
        picture.image, to_label_map(picture.ground_truth), to_label_map(picture.prediction), background=background
    )
    views = (
        ("image", f"The image {picture.id}", picture.image),
        ("ground truth", f"Ground truth painted over {picture.id}", overlay(picture.image, picture.ground_truth)),
        ("prediction", f"Prediction painted over {picture.id}", overlay(picture.image, picture.prediction)),
        ("errors", f"Where the prediction of {picture.id} is right, and how it is wrong", mistakes),
    )
    return tuple(_panel(caption, description, pixels, most_bytes) for caption, description, pixels in views)


def _panel(caption: str, description: str, pixels: UInt8[np.ndarray, "h w 3"], most_bytes: int) -> Panel:
    kind, content, picture = _encoded(Image.fromarray(pixels), most_bytes)
    address = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return Panel(caption, description, address, (picture.height, picture.width), max(pixels.shape) < SMALLEST)


def _encoded(picture: Image.Image, most_bytes: int) -> tuple[str, bytes, Image.Image]:
    """Exactly as PNG where that fits, else as JPEG with full colour resolution, so that outlines keep their edges."""
    reduced = _reduced(picture, LONGEST)
    content = _saved(reduced, "PNG", optimize=True)
    if len(content) <= most_bytes:
        return "png", content, reduced
    for longest, quality in LOSSY:
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
