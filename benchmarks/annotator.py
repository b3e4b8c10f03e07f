"""What a mask costs: a scripted person labels a data set through the studio's HTTP API, with and without its help.

The person knows the truth, and pays for every action by the table `Prices`. A proposal is accepted where it is good enough, put
right by clicks where it is near, and rejected else; what is left is clicked on, and done by hand where clicks do not do: a
person gives up clicking on an object once the clicks have cost as much as finishing it by hand will, and on an image where
clicks fail oftener than not.
While the studio learns, the script waits until as much time has passed as the person would have spent, so that proposals come
neither sooner nor later than they would. What was seen is kept in docs/results/records, one file a policy and assistant; from
the records alone the page and its curve are written. `--tried` keeps all of it in runs/.
"""

import argparse
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from annotator_page import write_page
from experiments import RECORDS, ROOT
from skimage import measure

from maskwright.assist.table import DEFAULT
from maskwright.base.files import write_json
from maskwright.data.dataset import DataSet
from maskwright.engine.reading import Reading
from maskwright.formats.project_file import ProjectClass
from maskwright.masks import box_runs
from maskwright.masks.classes import IGNORE
from maskwright.masks.convert import to_instances
from maskwright.masks.region import Region, iou
from maskwright.masks.types import LabelMap
from maskwright.metrics.clicks import Clicker
from maskwright.studio.assistants import LEARNED
from maskwright.studio.running import Address, running

PROGRAM = (sys.executable, "-c", "from maskwright.cli.main import run; run()", "label")
POLICIES = ("polygons", "clicks", "proposals", "learning")  # each with the help of those before it
SHOWN = 0.5  # score from which the page shows proposals
BEGINS_SECONDS = 5.0  # until a training has begun that is due
MOST_CLICKS = 5  # on an object, before it is drawn by hand
LOST = 3  # objects of an image by which clicks failed oftener than not, after which it is clicked on no more
STROKE = 50  # pixels painted over at once
GROWN = 2.0  # pixels that a polygon may be off the outline


@dataclass(frozen=True)
class Prices:
    """Seconds of a person's actions. A click with a look is Bearman's 2.4 s less what the look is counted apart."""

    look: float = 1.0  # at an image, before anything is done
    glance: float = 0.3  # at a proposal, among many
    click: float = 1.5
    accept: float = 0.7  # of one mask, or of all that are shown
    reject: float = 0.7
    vertex: float = 1.0  # of a polygon
    brush: float = 3.0  # taking it up and going there
    stroke: float = 0.5  # for `STROKE` wrong pixels painted over
    finish: float = 0.7  # an image is marked as done, and the next one comes


@dataclass
class Person:
    """Labels one image after another.

    good: the IoU from which a mask is left as it is. asked: the assistant that is asked now; for the one without weights the
    network that learns stands in once it has learned.
    """

    address: Address
    policy: str
    prices: Prices
    good: float
    assistant: str
    asked: str = ""
    clock: float = 0.0
    round_began: tuple[float, float] | None = None  # on the person's clock and on the wall
    done: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The server's answer; anything else ends the script."""
        connection = http.client.HTTPConnection(self.address.host, self.address.port, timeout=900)
        headers = {"Authorization": f"Bearer {self.address.token}", "Content-Type": "application/json"}
        connection.request(method, f"/api{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        found: dict[str, Any] = json.loads(answer.read())
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {found}")
        return found

    def label(self, listed: dict[str, Any], truth: Sequence[tuple[int, Region]], ignored: np.ndarray) -> None:
        """Label an image, and note what it took. Of ignored pixels it does not matter whether a mask has them."""
        began = self.clock
        image = self.ask("GET", f"/images/{listed['id']}")
        has_learned = self.policy == "learning" and LEARNED in self.ask("GET", "/project")["assistants"]
        self.asked = LEARNED if has_learned and self.assistant == DEFAULT else self.assistant
        page = Page(self, image["id"], tuple(image["size_hw"]), list(truth), ignored)
        self.clock += self.prices.look
        used = page.decide() if self.policy in ("proposals", "learning") else {"shown": 0, "accepted": 0}
        for class_id, region in page.missing():
            page.draw(class_id, region)
        self.clock += self.prices.finish
        self.ask("PATCH", f"/images/{image['id']}", {"state": "done"})
        overlap = page.agreement()
        self.done.append({
            "name": image["name"], "objects": len(truth), "seconds": round(self.clock - began, 2), **used,
            "iou": round(float(np.mean(overlap)), 4) if overlap else None, "clock": round(self.clock, 1),
            "clicked": page.clicked, "polygons": page.polygons,
        })  # fmt: skip
        self.keep_pace()

    def keep_pace(self) -> None:
        """While the studio learns, let as much time pass as the person has spent since it began."""
        state, asked = self.ask("GET", "/learning"), time.monotonic()
        while state["state"] == "waiting" and state["new"] >= state["after"] and time.monotonic() - asked < BEGINS_SECONDS:
            time.sleep(0.5)  # it is about to begin
            state = self.ask("GET", "/learning")
        if state["state"] != "learning":
            self.round_began = None
            return
        self.round_began = self.round_began or (self.clock, time.monotonic())
        while state["state"] == "learning" and time.monotonic() - self.round_began[1] < self.clock - self.round_began[0]:
            time.sleep(0.5)
            state = self.ask("GET", "/learning")


@dataclass
class Page:
    """One image as the person works on it: the truth, and which object of the project stands for each part of it."""

    person: Person
    image: int
    size_hw: tuple[int, int]
    truth: list[tuple[int, Region]]
    ignored: np.ndarray
    revision: int = 0
    made: dict[int, Region] = field(default_factory=dict)  # by the place in the truth
    clicked: int = 0
    polygons: int = 0
    lost: int = 0  # objects on which clicks failed, less those on which they did not

    def decide(self) -> dict[str, int]:
        """Look through the proposals: good ones are accepted all at once, near ones put right, others rejected."""
        prices = self.person.prices
        if not (proposed := self._open_proposals()):  # by a network that has learned, once there is one
            asked = {"class_id": None, "assistant": self.person.asked}
            self.person.ask("POST", f"/images/{self.image}/assist/propose", asked)
            proposed = self._open_proposals()
        found = [one for one in proposed if one["score"] >= SHOWN]
        regions = [region_of(one) for one in found]
        agreement = iou(list(map(self.counted, regions)), [region for _, region in self.truth])
        good, near = dict[int, int](), dict[int, int]()
        for place in np.argsort(-agreement.max(axis=1, initial=0.0), kind="stable").tolist() if self.truth else []:
            at = int(agreement[place].argmax())
            if at not in {*good.values(), *near.values()} and agreement[place, at] >= 0.5:
                (good if agreement[place, at] >= self.person.good else near)[place] = at
        bad = [place for place in range(len(found)) if place not in good and place not in near]
        seconds = prices.glance * len(found) + (prices.click + prices.reject) * len(bad) + prices.accept * bool(good or near)
        taken = {**good, **near}
        if found:
            classes = {self.truth[at][0] for at in taken.values()}
            self._step("proposals/decide", seconds, len(bad) + bool(taken), accept=[found[place]["id"] for place in taken],
                       reject=[found[place]["id"] for place in bad], class_id=min(classes, default=1))  # fmt: skip
        self.made |= {at: regions[place] for place, at in good.items()}
        for place, at in near.items():
            self.draw(*self.truth[at], start=regions[place], object=f"proposal-{found[place]['id']}")
        return {"shown": len(found), "accepted": len(good), "put_right": len(near)}

    def _open_proposals(self) -> list[dict[str, Any]]:
        return list(self.person.ask("GET", f"/images/{self.image}/proposals?state=open")["proposals"])

    def missing(self) -> list[tuple[int, Region]]:
        """What is not labelled yet."""
        return [one for at, one in enumerate(self.truth) if at not in self.made]

    def draw(self, class_id: int, region: Region, start: Region | None = None, object: str | None = None) -> None:
        """Click until the mask is good; finish it by hand once clicks have cost as much as that will."""
        prices, truth = self.person.prices, region.mask(self.size_hw)
        mask = np.zeros(self.size_hw, bool) if start is None else start.mask(self.size_hw)
        clicker, clicks, seconds = Clicker(truth, self.ignored), [], 0.0

        def by_hand() -> tuple[str, float]:
            wrong = int(((mask ^ truth) & ~self.ignored).sum())
            brush = prices.brush + prices.stroke * wrong / STROKE
            return min(("polygon", prices.vertex * vertices_of(region)), ("brush", brush), key=lambda one: one[1])

        def is_good() -> bool:
            return overlap(mask & ~self.ignored, truth) >= self.person.good

        if self.person.policy != "polygons" and self.lost < LOST:
            while not is_good() and len(clicks) < MOST_CLICKS and seconds + prices.click <= by_hand()[1]:
                click = clicker.next(mask)
                clicks.append([click.x, click.y, click.positive])
                previous = wire(Region.of_mask(mask)) if mask.any() else None
                asked = {"clicks": clicks, "previous": previous, "assistant": self.person.asked}
                answers = self.person.ask("POST", f"/images/{self.image}/assist/mask", asked)["candidates"]
                mask = region_of(answers[0]).mask(self.size_hw) if answers else mask
                seconds += prices.click
            seconds += prices.accept
            self.lost += -1 if is_good() else 1
        tool = "click"
        if not is_good():
            tool, cost = by_hand()
            self.polygons += 1
            mask, seconds = truth, seconds + cost
        self.clicked += len(clicks)
        drawn = Region.of_mask(mask)
        change = {"object": object or f"o-{uuid.uuid4().hex[:12]}", "set": {"class_id": class_id}, "mask": wire(drawn)}
        self._step("edits", seconds, len(clicks), changes=[change], tool=tool)
        self.made[next(at for at, one in enumerate(self.truth) if one[1] is region)] = drawn

    def counted(self, region: Region) -> Region:
        """A region without ignored pixels."""
        return Region.of_mask(region.mask(self.size_hw) & ~self.ignored) if self.ignored.any() else region

    def agreement(self) -> list[float]:
        """IoU of every object with its truth, as the server has it."""
        objects = self.person.ask("GET", f"/images/{self.image}/objects")["objects"]
        found = iou([self.counted(region_of(one)) for one in objects], [region for _, region in self.truth])
        return [float(value) for value in found.max(axis=0, initial=0.0)]

    def _step(self, path: str, seconds: float, clicks: int, **values: Any) -> None:
        body = {"edit_id": str(uuid.uuid4()), "base_revision": self.revision, "seconds": seconds, "clicks": clicks, **values}
        self.revision = self.person.ask("POST", f"/images/{self.image}/{path}", body)["revision"]
        self.person.clock += seconds


def region_of(mask: dict[str, Any]) -> Region:
    """A mask of the protocol."""
    return box_runs.region_of(tuple(mask["box"]), mask["runs"])


def wire(region: Region) -> dict[str, Any]:
    """A mask for the protocol."""
    return {"box": list(region.box_xyxy), "runs": box_runs.text_of(region)}


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """IoU of two masks."""
    return float((a & b).sum() / max((a | b).sum(), 1))


def vertices_of(region: Region) -> int:
    """Corners that a polygon needs to follow an outline, at least four."""
    outlines = measure.find_contours(np.pad(region.pixels, 1).astype(float), 0.5)
    return max(4, sum(len(measure.approximate_polygon(outline, GROWN / 2)) - 1 for outline in outlines))


def truth_of(data: DataSet, place: int) -> tuple[list[tuple[int, Region]], np.ndarray]:
    """The objects of an image with the ids of their classes, and which pixels are ignored."""
    segmentation = data[place].segmentation
    assert segmentation is not None  # only images with masks are labelled
    found = to_instances(segmentation)
    objects = [(int(kind), region.tight()) for kind, region in zip(found.class_ids, found.regions, strict=True) if region.area]
    if isinstance(segmentation, LabelMap):
        return objects, segmentation.ids == IGNORE
    return objects, np.zeros(found.size_hw, bool)


def measured(data: DataSet, chosen: argparse.Namespace, policy: str) -> dict[str, Any]:
    """A person labels so many images with one policy."""
    records = [one for one in data.records if one.mask is not None]
    order = np.random.default_rng(chosen.seed).permutation(len(records))[: max(chosen.images, chosen.pool)]
    with tempfile.TemporaryDirectory() as place:
        photos, folder = Path(place) / "photos", Path(place) / "project"
        photos.mkdir()
        names = {}
        for at in order.tolist():
            names[records[at].image.name] = at
            shutil.copyfile(records[at].image, photos / records[at].image.name)
        kinds = ",".join(name for at, name in enumerate(data.classes.names) if at != data.classes.background)
        arguments = [str(photos), "--project", str(folder), "--no-browser", "--classes", kinds]
        server = subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.DEVNULL)
        try:
            while (address := running(folder)) is None:
                if server.poll() is not None:
                    raise SystemExit("The server did not start.")
                time.sleep(0.1)
            return labelled(
                Person(address, policy, Prices(), chosen.good, chosen.assistant), data.with_records(records), names, chosen
            )
        finally:
            server.terminate()
            server.wait()


def labelled(person: Person, data: DataSet, names: dict[str, int], chosen: argparse.Namespace) -> dict[str, Any]:
    """Image after image, in the order of the list; what it took."""
    learns = person.policy == "learning"
    person.ask("POST", "/learning", {"enabled": learns, "after": chosen.after, "minutes": chosen.minutes})
    classes = [ProjectClass(one["id"], one["name"], (0, 0, 0)) for one in person.ask("GET", "/classes")["classes"]]
    ids = {data.classes.names.index(one.name): one.id for one in classes}
    for _ in range(chosen.images):
        order = chosen.order if learns else "random"
        (listed,) = person.ask("GET", f"/images?order={order}&state=todo&seed={chosen.seed}&limit=1")["images"]
        objects, ignored = truth_of(data, names[listed["name"]])
        person.label(listed, [(ids[kind], region) for kind, region in objects], ignored)
        last = person.done[-1]
        each = last["seconds"] / max(last["objects"], 1)
        print(
            f"{person.policy}: {len(person.done):3d} {last['objects']:4d} objects, {each:5.1f} s a mask, IoU {last['iou']}",
            flush=True,
        )
    return {
        "data": chosen.data.name, "policy": person.policy, "assistant": person.assistant,
        "prices": asdict(person.prices), "good": person.good,
        "minutes": chosen.minutes, "after": chosen.after, "order": chosen.order, "images": person.done,
        "cost": person.ask("GET", "/cost"), "curve": person.ask("GET", "/learning/curve"),
    }  # fmt: skip


def main() -> None:
    """Label, keep what was seen, and write the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path, nargs="?", help="a data set with masks; without it only the page is written")
    arguments.add_argument("--policies", default=",".join(POLICIES))
    arguments.add_argument("--assistant", default=DEFAULT, help="that is asked for masks and proposals")
    arguments.add_argument("--images", type=int, default=30, help="that are labelled")
    arguments.add_argument("--pool", type=int, default=100, help="that there are to choose from")
    arguments.add_argument("--class-names", default=None)
    arguments.add_argument("--ignore", type=int, action="append", default=[], help="value of pixels that are no class")
    arguments.add_argument("--good", type=float, default=0.8, help="IoU from which a mask is left as it is")
    arguments.add_argument("--after", type=int, default=5, help="images between trainings")
    arguments.add_argument("--minutes", type=float, default=2.0, help="of a training")
    arguments.add_argument("--order", default="random", choices=("name", "random", "helpful"), help="with learning")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--tried", action="store_true", help="keep everything in runs/annotator")
    chosen = arguments.parse_args()
    records = ROOT / "runs" / "annotator" if chosen.tried else RECORDS
    if chosen.data is not None:
        names = None if chosen.class_names is None else tuple(chosen.class_names.split(","))
        data = Reading(path=chosen.data, class_names=names, ignore=tuple(chosen.ignore)).read()
        for policy in chosen.policies.split(","):
            write_json(
                records / f"labelling-{chosen.data.name}-{policy}-{chosen.assistant}.json", measured(data, chosen, policy)
            )
    write_page(records, is_tried=chosen.tried)


if __name__ == "__main__":
    main()
