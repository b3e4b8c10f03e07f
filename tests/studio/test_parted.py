"""Large TIFFs in the studio: shown at once, their coarser levels the same as those of an image that is read whole."""

import threading
import time

import numpy as np
import pytest
import tifffile

from maskwright.studio import parted
from maskwright.studio.image_files import is_parted, size_of
from maskwright.studio.parted import Making, NotReady, Workshop
from maskwright.studio.pictures import Pictures, View, small
from maskwright.studio.pyramid import pyramid

WAIT_SECONDS = 60.0


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch):
    monkeypatch.setattr("maskwright.studio.image_files.LARGE_BYTES", 1)


@pytest.fixture
def workshop():
    made = Workshop()
    yield made
    made.close()


def written(path, size_hw=(2100, 1100), dtype=np.uint8, channels=3, **how):
    """A TIFF in tiles of 256, and its pixels."""
    rng = np.random.default_rng(0)
    image = (rng.random((*size_hw, channels)) * (250 if dtype == np.uint8 else 60_000)).astype(dtype)
    stored = image if channels > 1 else image[..., 0]
    tifffile.imwrite(
        path, stored, **{"tile": (256, 256), "compression": "zlib", "photometric": "rgb" if channels == 3 else None} | how
    )
    return image


def wait_until(is_so):
    waited = time.monotonic() + WAIT_SECONDS
    while not is_so() and time.monotonic() < waited:
        time.sleep(0.01)
    assert is_so()


KINDS: list[tuple[type, int, dict]] = [
    (np.uint8, 3, {}),
    (np.uint16, 1, {}),
    (np.float32, 1, {"tile": None, "compression": None}),
    (np.uint8, 1, {"tile": None, "rowsperstrip": 7}),
]


@pytest.mark.parametrize(("dtype", "channels", "how"), KINDS)
def test_levels_are_those_of_the_image_read_whole(tmp_path, monkeypatch, workshop, dtype, channels, how):
    monkeypatch.setattr(parted, "STRIP_BYTES", 1)  # strips as low as they can be
    image = written(tmp_path / "a.tif", (2101, 1103), dtype, channels, **how)
    made, whole = workshop.pyramid(tmp_path / "a.tif", tmp_path / "levels"), pyramid(image)
    wait_until(made.is_made)
    kept = workshop.pyramid(tmp_path / "a.tif", tmp_path / "levels")
    for found in (made, kept):
        assert found.size_hw == (2101, 1103)
        assert len(found.levels) == len(whole.levels) == 4
        for z, level in enumerate(whole.levels):
            assert found.levels[z].dtype == dtype
            assert (found.levels[z][:, :] == level).all()
        assert (found.tile(1, 1, 2) == whole.tile(1, 1, 2)).all()
        assert found.tile(9, 0, 0) is None
    assert kept.ranges == made.ranges
    if dtype == np.uint8:
        assert made.ranges == whole.ranges
    else:  # learnt from samples, of noise: its means vary less
        assert made.ranges[0][0] < whole.ranges[0][0] < whole.ranges[0][1] < made.ranges[0][1]
    for found in (made, kept):
        parted.let_go(found)


def test_before_all_is_there_parts_are_made_on_the_spot_or_soon(tmp_path, monkeypatch, workshop):
    monkeypatch.setattr(parted, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(Workshop, "want", lambda *_: None)
    image = written(tmp_path / "a.tif")
    made, whole = workshop.pyramid(tmp_path / "a.tif", tmp_path / "levels"), pyramid(image)
    assert not made.is_made()
    for z in (0, 1, 2):
        assert (made.tile(z, 0, 0) == whole.tile(z, 0, 0)).all()
    with pytest.raises(NotReady, match="0% of it"):
        made.tile(3, 0, 0)
    with pytest.raises(NotReady):
        small(made, View(), 64)
    parted.let_go(made)
    assert made.bytes_in_memory == 0
    assert (made.tile(0, 1, 1) == image[512:1024, 512:1024]).all()  # opened again
    parted.let_go(made)


def test_what_is_no_number_is_shown_as_0(tmp_path, workshop):
    image = np.ones((600, 700), np.float32)
    image[5:9, 7], image[300, 300] = np.nan, np.inf
    tifffile.imwrite(tmp_path / "a.tif", image, tile=(256, 256))
    made = workshop.pyramid(tmp_path / "a.tif", tmp_path / "levels")
    wait_until(made.is_made)
    assert made.tile(0, 0, 0)[6, 7] == 0
    assert np.isfinite(made.tile(1, 0, 0)).all()
    parted.let_go(made)


def test_a_damaged_tile_is_told_where_it_is_and_the_others_are_shown(tmp_path, workshop):
    image = written(tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        place = file.pages[0].dataoffsets[-1]
    with (tmp_path / "a.tif").open("rb+") as file:
        file.seek(place)
        file.write(b"\xff" * 50)
    made = workshop.pyramid(tmp_path / "a.tif", tmp_path / "levels")
    with pytest.raises(NotReady, match="damaged"):
        made.tile(3, 0, 0)
    assert (made.tile(0, 0, 0) == image[:512, :512]).all()
    parted.let_go(made)


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    written(tmp_path / "a.tif")
    monkeypatch.setattr("maskwright.studio.pyramid.os.posix_fallocate", full, raising=False)
    pictures = Pictures(tmp_path / "project", max_pixels=1)
    with pytest.raises(OSError, match="No space"):
        pictures.get(tmp_path / "a.tif")
    pictures.close()


def test_the_image_that_was_asked_for_last_is_made_first(workshop):
    steps, may_go, ends = [], threading.Event(), {"first": 3, "last": 2}

    class Counted(Making):
        def __init__(self, name):
            self.name, self.count, self.trouble = name, 0, ""

        def is_made(self, z=0, row=None):
            return self.count == ends[self.name]

        def step(self):
            may_go.wait(WAIT_SECONDS)
            steps.append(self.name)
            self.count += 1
            return self.is_made()

    first, last = Counted("first"), Counted("last")
    workshop.want(first)
    wait_until(lambda: workshop._thread is not None)
    workshop.want(last)
    may_go.set()
    wait_until(lambda: workshop._thread is None)
    assert steps[-2:] == ["first", "first"]
    assert sorted(steps) == ["first"] * 3 + ["last"] * 2


def test_only_what_can_be_read_in_parts_is(tmp_path, monkeypatch):
    written(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((3, 9, 9), np.uint8), metadata={"axes": "ZYX"}, ome=True)
    (tmp_path / "text.tif").write_text("no image")
    (tmp_path / "a.png").write_bytes(b"")
    assert is_parted(tmp_path / "a.tif")
    assert not any(is_parted(tmp_path / name) for name in ("stack.tif", "text.tif", "a.png"))
    assert size_of(tmp_path / "a.tif", max_pixels=10) == (2100, 1100)
    monkeypatch.setattr("maskwright.studio.image_files.LARGE_BYTES", 1 << 30)
    assert not is_parted(tmp_path / "a.tif")


def test_pictures_keep_few_files_open(tmp_path):
    pictures = Pictures(tmp_path / "project", max_pixels=1, memory_bytes=1)
    for name in ("a.tif", "b.tif"):
        written(tmp_path / name, (600, 700))
        wait_until(pictures.get(tmp_path / name).is_made)
    assert len(pictures._kept) == 1
    assert pictures.get(tmp_path / "a.tif").tile(1, 0, 0) is not None
    pictures.close()
