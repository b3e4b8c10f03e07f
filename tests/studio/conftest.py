"""A small project to label: three images, two classes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.studio.store import Store, open_store
from some_edits import SIZE_HW


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of three images of 16 x 12 pixels."""
    folder = tmp_path / "photos"
    (folder / "b").mkdir(parents=True)
    rng = np.random.default_rng(3)
    for name in ("a2.png", "a10.png", "b/c.png"):
        Image.fromarray(rng.integers(0, 256, (*SIZE_HW, 3), dtype=np.uint8)).save(folder / name)
    return folder


@pytest.fixture
def store(photos: Path) -> Iterator[Store]:
    """A project on them with the classes cell and sky; image 1 was opened."""
    with open_store(photos.with_name("photos-labels"), photos, ["cell", "sky"]) as opened:
        opened.file_state(1)
        yield opened
