"""Images with known objects, and what answers clicks on them."""

import numpy as np
import pytest
from PIL import Image, ImageDraw


@pytest.fixture(scope="session")
def scene():
    """A noisy gray-green picture of 90 x 120 pixels with a bright disc, and the disc's mask."""
    rows, columns = np.ogrid[:90, :120]
    disc = (rows - 40) ** 2 + (columns - 50) ** 2 <= 18**2
    image = np.full((90, 120, 3), (60, 80, 60), np.uint8)
    image[disc] = (200, 150, 60)
    noise = np.random.default_rng(0).integers(-12, 13, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8), disc


@pytest.fixture(scope="session")
def cells():
    """Bright discs on a dark 16-bit image, and how many there are."""
    drawn = Image.new("L", (160, 120))
    middles = [(20, 20), (60, 25), (110, 30), (30, 70), (80, 75), (92, 75), (135, 90)]
    for x, y in middles:
        ImageDraw.Draw(drawn).ellipse((x - 8, y - 8, x + 8, y + 8), fill=255)
    noise = np.random.default_rng(1).integers(0, 300, (120, 160))
    return (np.asarray(drawn).astype(np.uint16) * 100 + noise.astype(np.uint16))[:, :, None], len(middles)
