"""Gray and RGB images in one data set brought to the same number of channels."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from jaxtyping import Num

from maskwright.base.errors import DataError

MIXED = "the gray ones are read as RGB with three equal channels"
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow turns RGB into gray


def common_channels(counts: Iterable[int]) -> int | None:
    """3 where gray and RGB images are mixed, which loses nothing; None where all are alike or no rule brings them together."""
    return 3 if set(counts) == {1, 3} else None


def mixture_words(counts: Iterable[int]) -> str:
    """What was found and is done about it."""
    found = Counter(counts)
    return f"{found[1]} gray and {found[3]} RGB images: {MIXED}"


def with_channels(image: Num[np.ndarray, "h w c"], channels: int, *, name: str) -> Num[np.ndarray, "h w c2"]:
    """The image with so many channels: gray is repeated, RGB becomes gray by its luma. Raises `DataError` for other pairs."""
    seen = image.shape[2]
    if seen == channels:
        return image
    if (seen, channels) == (1, 3):
        return np.repeat(image, 3, axis=2)
    if (seen, channels) == (3, 1):
        gray = image @ np.array(LUMA, np.float32)
        gray = gray if image.dtype == np.float32 else np.rint(gray).astype(image.dtype)
        return gray[:, :, None]
    raise DataError(
        f"{name}: the image has {seen} channels, {channels} are needed. Convert it, or train on images like it; "
        "only gray and RGB are turned into each other."
    )
