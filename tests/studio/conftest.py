"""A small project to label: three images, two classes; a page that works on it and a stranger."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from maskwright.studio.server import application
from maskwright.studio.store import Store, open_store
from some_edits import SIZE_HW
from some_requests import HOME, KNOWN, TOKEN, studio_of


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


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    """A page that is let in; cookies are not kept."""
    with TestClient(application(studio_of(store), TOKEN), base_url=HOME, headers=KNOWN) as opened:
        yield opened


@pytest.fixture
def stranger(client: TestClient) -> TestClient:
    """Somebody on the same server without a token."""
    return TestClient(client.app, base_url=HOME)
