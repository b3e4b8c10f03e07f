"""Many images on a Ray cluster: the same files as one process writes, whoever dies, and words for what a cluster can lack."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from maskwright.base.errors import MaskwrightError
from maskwright.engine import predict_ray, ray_crew
from maskwright.engine.leases import Leases
from maskwright.engine.predict import load
from maskwright.engine.predict_folder import predict_folder
from maskwright.engine.predict_ray import TRIES, predict_with_ray
from maskwright.engine.ray_cluster import ray_cluster
from maskwright.engine.ray_crew import Crew, Died, shares
from maskwright.engine.ray_worker import RayWorker
from maskwright.engine.train import train

COUNT = 6  # images, so large that there is time to kill who has one in hand


@pytest.fixture
def images(tmp_path):
    rng = np.random.default_rng(1)
    (tmp_path / "images").mkdir()
    for number in range(COUNT):
        Image.fromarray(rng.integers(0, 255, (400, 400), np.uint8)).save(tmp_path / "images" / f"{number}.png")
    return tmp_path / "images"


def masks(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}


def test_one_worker_is_killed_in_the_middle_and_all_images_are_there(small_plan, blobs, images, tmp_path, capfd):
    """The terminal stays clean all the while."""
    pytest.importorskip("ray", reason="needs Ray (the extra ray)")
    run, out = train(small_plan(steps=2), blobs, out=tmp_path / "run"), tmp_path / "out"
    killed, ended = [], threading.Event()
    capfd.readouterr()

    def kill_one():
        while not killed and not ended.is_set():
            for path in (out / ".leases").glob("*.json"):
                try:
                    pid = json.loads(path.read_text())["pid"]
                except (OSError, ValueError):
                    continue
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                return
            time.sleep(0.001)

    murderer = threading.Thread(target=kill_one, daemon=True)
    murderer.start()
    told = []
    report = predict_with_ray(
        run.folder, [images], out, address="local", workers=2, device="cpu", runtime="torch",
        progress=lambda done, of: told.append((done, of)),
    )  # fmt: skip
    ended.set()
    murderer.join()
    assert killed
    assert (report.failed, report.elsewhere) == ((), ())
    assert {path.name for path in (*report.done, *report.skipped)} == {f"{number}.png" for number in range(COUNT)}
    assert told[-1] == (COUNT, COUNT)
    assert capfd.readouterr() == ("", "")
    predictor = load(run.folder, device="cpu", runtime="torch")
    predict_folder(predictor, images, tmp_path / "one")
    assert masks(out) == masks(tmp_path / "one")
    assert len(predict_folder(predictor, images, out).skipped) == COUNT
    assert not (out / ".leases").exists()
    assert not list(out.glob(".ray-*"))


class FakeCrew:
    """Two workers on another machine, the first part of which dies over one image again and again."""

    count = images_done = 0

    def __init__(self, leases, name):
        self.leases, self.name, self.given, self.started = leases, name, [], 0

    def start(self, count):
        self.started += count

    def idle(self):
        return [object()]

    def give(self, worker, part, *arguments):
        self.given.append(part)

    def said(self, seconds):
        part = self.given[-1]
        report = {"done": [f"{part}"], "skipped": [], "failed": [], "hidden": 0, "elsewhere": []}
        if part == 1 and self.name and self.leases.take(self.name):
            (path,) = self.leases.folder.glob("*.json")
            path.write_text(json.dumps({"name": self.name, "host": "elsewhere", "pid": 7}))
            return [Died("elsewhere", 7, part, "killed")]
        return [report] if self.name else [Died("elsewhere", 7, part, "no memory")]

    def end(self):
        return []


def test_an_image_over_which_three_workers_die_is_listed_and_its_part_goes_on(tmp_path):
    leases = Leases(tmp_path)
    crew = FakeCrew(Leases(tmp_path), "bad.png")
    crew.count = 1
    work = predict_ray._Work(crew, leases, ([], str(tmp_path)), {}, 2)
    crew.leases.take = lambda name: crew.given.count(1) <= TRIES and Leases(tmp_path).take(name)
    while work.goes_on():
        work.look()
    assert crew.given == [1] * (TRIES + 1) + [2]
    assert crew.started == 1 + TRIES
    assert [(failure.image, "3 workers died over it, the last on elsewhere" in failure.reason) for failure in work.failed] == [
        (Path("bad.png"), True)
    ]
    assert not Leases(tmp_path).take("bad.png")  # until the end no other worker has it
    work.end()
    assert not leases.folder.exists()


def test_workers_that_die_with_nothing_in_hand_end_the_work(tmp_path):
    crew = FakeCrew(Leases(tmp_path), "")
    crew.count = 1
    work = predict_ray._Work(crew, Leases(tmp_path), ([], str(tmp_path)), {}, 2)
    for _ in range(TRIES - 1):
        work.look()
    with pytest.raises(MaskwrightError, match=r"3 workers died, the last on elsewhere, with no image in hand: no memory"):
        work.look()


@pytest.mark.parametrize(
    ("nodes", "workers", "device", "expected"),
    [
        ([{"CPU": 2.0}], 2, "auto", (2, 1, 0)),
        ([{"CPU": 8.0}, {"CPU": 6.0}, {"memory": 1.0}], None, "auto", (2, 6, 0)),
        ([{"CPU": 8.0}, {"CPU": 8.0}], 3, "auto", (3, 4, 0)),
        ([{"CPU": 64.0, "GPU": 8.0}, {"CPU": 96.0}], None, "auto", (8, 8, 1)),
        ([{"CPU": 64.0, "GPU": 8.0}, {"CPU": 96.0}], None, "cpu", (2, 64, 0)),
        ([{"CPU": 16.0, "GPU": 1.0}, {"CPU": 16.0, "GPU": 2.0}], None, "auto", (3, 8, 1)),
    ],
)
def test_workers_fit_on_the_machines(nodes, workers, device, expected):
    assert shares(nodes, workers, device) == expected


@pytest.mark.parametrize(("nodes", "workers"), [([{"CPU": 2.0}], 5), ([], None), ([{"CPU": 9.0, "GPU": 1.0}], 2)])
def test_more_workers_than_fit_are_refused(nodes, workers):
    with pytest.raises(MaskwrightError, match=r"workers do not fit on the cluster, which has \d+ processors"):
        shares(nodes, workers, "auto")


def test_a_machine_that_does_not_see_the_folders_or_has_another_version_is_named(tmp_path, monkeypatch):
    seen = RayWorker("run", {}).looks([str(tmp_path), str(tmp_path / "not here")])
    assert seen["missing"] == [str(tmp_path / "not here")]
    fake = SimpleNamespace(
        nodes=lambda: [{"Alive": True, "Resources": {"CPU": 1.0}}],
        remote=lambda worker: SimpleNamespace(options=lambda **named: None),
    )
    crew = Crew(fake, "run", {"device": "cpu"}, [], workers=None)
    worker = ray_crew._Worker(None)
    with pytest.raises(MaskwrightError, match=r"of the cluster does not see .*not here\. The run, .* on a disk that all"):
        crew._take_in(worker, seen)
    with pytest.raises(MaskwrightError, match=r"of the cluster has maskwright 0\.0, and this machine .* Install the same"):
        crew._take_in(worker, seen | {"version": "0.0"})


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nonsense", "--ray takes auto, local, or an address such as ray://head:10001, not 'nonsense'"),
        ("ray://127.0.0.1:1", r"--ray ray://127.0.0.1:1: no Ray cluster answers there .*'ray start --head'"),
    ],
)
def test_an_address_that_is_none_or_where_nobody_answers_is_said_at_once(address, words):
    pytest.importorskip("ray", reason="needs Ray (the extra ray)")
    with pytest.raises(MaskwrightError, match=words), ray_cluster(address):
        pass


def test_without_ray_the_way_to_install_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MaskwrightError, match=r"pip install 'maskwright\[ray\]'"), ray_cluster("local"):
        pass
