"""Many images by many processes: shards that share nothing, leases, and a process that dies over one image."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

from maskwright.base.errors import MaskwrightError
from maskwright.data.pairing import list_images
from maskwright.engine import leases as module
from maskwright.engine.leases import Leases
from maskwright.engine.predict import Predictor, load
from maskwright.engine.predict_folder import predict_folder, shard_of
from maskwright.engine.predict_workers import predict_with_workers
from maskwright.engine.train import train


@pytest.fixture
def images(tmp_path):
    rng = np.random.default_rng(1)
    (tmp_path / "images").mkdir()
    for number in range(6):
        Image.fromarray(rng.integers(0, 255, (40, 56), np.uint8)).save(tmp_path / "images" / f"{number}.png")
    return tmp_path / "images"


def masks(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}


def test_shards_have_each_image_once_whatever_else_is_in_the_folder(images):
    records = list_images([images])
    shards = {record.id: shard_of(record, 3) for record in records}
    assert set(shards.values()) <= {1, 2, 3}
    (images / "0.png").unlink()
    assert all(shards[record.id] == shard_of(record, 3) for record in list_images([images]))


def test_shards_together_write_what_one_run_writes_and_a_run_after_them_only_joins(small_plan, images, tmp_path):
    torch.manual_seed(1)
    plan = small_plan(task="instance")
    network = plan.model.build(channels=1, classes=4)
    predictor = Predictor(plan, network, device=torch.device("cpu"), digest="a")
    predict_folder(predictor, images, tmp_path / "one", to="coco")
    for number in (1, 2):
        report = predict_folder(predictor, images, tmp_path / "two", to="coco", shard=(number, 2))
        assert not report.skipped
        assert not (tmp_path / "two" / "instances.json").exists()
    report = predict_folder(predictor, images, tmp_path / "two", to="coco")
    assert (len(report.done), len(report.skipped)) == (0, 6)
    assert (tmp_path / "two" / "instances.json").read_bytes() == (tmp_path / "one" / "instances.json").read_bytes()
    assert not (tmp_path / "two" / ".leases").exists()


def test_a_lease_is_one_processs_until_it_is_gone(tmp_path, monkeypatch):
    one, other = Leases(tmp_path), Leases(tmp_path)
    assert one.take("a")
    assert not other.take("a")
    assert other.take("b")
    one.give_back("a")
    assert other.take("a")
    child = subprocess.run(
        [sys.executable, "-c", "import sys,pathlib\nfrom maskwright.engine.leases import Leases\n"
         "Leases(pathlib.Path(sys.argv[1])).take('c')", str(tmp_path)], check=True,
    )  # fmt: skip
    assert child.returncode == 0
    assert one.take("c")  # of a process that has died
    monkeypatch.setattr(module.socket, "gethostname", lambda: "another machine")
    assert not Leases(tmp_path).take("c")
    path = one._path("c")
    os.utime(path, (0, 0))  # not renewed for long
    assert Leases(tmp_path).take("c")
    path.write_text("")  # a process died as it wrote
    assert not Leases(tmp_path).take("c")
    os.utime(path, (time.time() - 90, time.time() - 90))
    assert Leases(tmp_path).take("c")


def test_an_image_that_another_process_predicts_is_left_to_it(small_plan, images, tmp_path):
    plan = small_plan()
    predictor = Predictor(plan, plan.model.build(channels=1, classes=2), device=torch.device("cpu"), digest="a")
    with Leases(tmp_path / "out") as other:
        assert other.take(str(images / "3.png"))
        report = predict_folder(predictor, images, tmp_path / "out")
        assert [path.name for path in report.elsewhere] == ["3.png"]
        assert len(report.done) == 5
    assert len(predict_folder(predictor, images, tmp_path / "out").done) == 1


def test_workers_write_what_one_process_writes_and_one_that_dies_costs_one_image(small_plan, blobs, images, tmp_path):
    """The program of a worker is one that dies over an image, as where memory runs out."""
    run = train(small_plan(steps=2), blobs, out=tmp_path / "run")
    dying = (
        sys.executable, "-c",
        "import os,sys,maskwright.engine.predict_folder as m\nread=m.read_image\n"
        "m.read_image=lambda p,**k: os.kill(os.getpid(),9) if p.name=='2.png' else read(p,**k)\n"
        "from maskwright.engine.predict_worker import main\nsys.exit(main())",
    )  # fmt: skip
    told = []
    report = predict_with_workers(
        run.folder, [images], tmp_path / "out", workers=2, runtime="torch", device="cpu", command=dying,
        progress=lambda done, of: told.append((done, of)),
    )  # fmt: skip
    assert [(failure.image.name, "signal 9" in failure.reason) for failure in report.failed] == [("2.png", True)]
    assert len(masks(tmp_path / "out")) == 5
    assert told[-1][0] <= told[-1][1]
    predictor = load(run.folder, device="cpu", runtime="torch")
    assert [path.name for path in predict_folder(predictor, images, tmp_path / "out").done] == ["2.png"]
    predict_folder(predictor, images, tmp_path / "one")
    assert masks(tmp_path / "out") == masks(tmp_path / "one")


def test_a_worker_that_cannot_start_is_no_image_that_fails(small_plan, blobs, images, tmp_path):
    command = (sys.executable, "-c", "import sys; sys.exit('no such module')")
    with pytest.raises(MaskwrightError, match="A worker ended with exit code 1: no such module"):
        predict_with_workers(tmp_path / "run", [images], tmp_path / "out", workers=1, command=command)
