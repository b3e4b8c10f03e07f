import os

import numpy as np
import tifffile
from PIL import Image

from maskwright.data.scan import scan

IMAGE = np.zeros((8, 8, 3), np.uint8)
MASK = np.eye(8, dtype=np.uint8)


def pair_of(folder, name, image=IMAGE, mask=MASK):
    for part, pixels in (("images", image), ("masks", mask)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        if pixels is not None:
            Image.fromarray(pixels).save(folder / part / name)


def test_a_bad_file_becomes_a_fault_and_stops_nothing(tmp_path):
    pair_of(tmp_path, "good.png")
    pair_of(tmp_path, "small.png", mask=MASK[:7])
    pair_of(tmp_path, "alone.png", mask=None)
    pair_of(tmp_path, "lost.png", image=None)
    for name in ("empty.png", "html.png", "cut.png", "stack.png", "pipe.png"):
        pair_of(tmp_path, name)
    (tmp_path / "images/empty.png").write_bytes(b"")
    (tmp_path / "masks/html.png").write_text("<html>")
    cut = (tmp_path / "masks/cut.png").read_bytes()
    (tmp_path / "masks/cut.png").write_bytes(cut[: len(cut) // 2])
    tifffile.imwrite(tmp_path / "images/stack.png", np.zeros((3, 8, 8), np.uint8), photometric="minisblack")
    (tmp_path / "images/pipe.png").unlink()
    os.mkfifo(tmp_path / "images/pipe.png")
    (tmp_path / "images/gone.png").symlink_to("nowhere.png")

    found = scan(tmp_path)
    assert [record.id for record in found.records] == ["good"]
    assert len(found.infos) == len(found.histograms) == 1
    assert {(fault.code, fault.path.name) for fault in found.faults} == {
        ("size-mismatch", "small.png"),
        ("image-without-mask", "alone.png"),
        ("mask-without-image", "lost.png"),
        ("unreadable-image", "empty.png"),
        ("unreadable-mask", "html.png"),
        ("unreadable-mask", "cut.png"),
        ("unreadable-image", "stack.png"),
        ("unreadable-image", "pipe.png"),
        ("broken-link", "gone.png"),
    }
    assert all(str(fault.path) in fault.message for fault in found.faults)


def test_names_that_clash_become_one_fault(tmp_path):
    pair_of(tmp_path, "a.png")
    Image.fromarray(IMAGE).save(tmp_path / "images/a.bmp")
    found = scan(tmp_path)
    assert [fault.code for fault in found.faults if fault.code == "ambiguous"] == ["ambiguous"]
    assert "a.bmp" in found.faults[0].message
    assert "a.png" in found.faults[0].message


def test_progress_counts_records(tmp_path):
    for i in range(3):
        pair_of(tmp_path, f"{i}.png")
    seen = []
    scan(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_the_pixel_limit_is_kept(tmp_path):
    pair_of(tmp_path, "a.png")
    found = scan(tmp_path, max_pixels=63)
    assert "--max-pixels 64" in found.faults[0].message
