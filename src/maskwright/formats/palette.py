"""PNG files whose pixels are numbers into a table of colours, so that any program shows them and none changes them."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from maskwright.base.files import atomic_path


def write_palette(path: Path, numbers: UInt8[np.ndarray, "h w"], colors: UInt8[np.ndarray, "256 3"]) -> None:
    """Write 8-bit numbers with the colours that they are shown in."""
    image = Image.fromarray(numbers)
    image.putpalette(colors.tobytes())
    with atomic_path(path) as temporary:
        image.save(temporary, format="PNG")
