"""Kill the studio's server at random moments while a script paints; no edit that was acknowledged may be lost.

The script paints as a page does: each stroke with an id of its own, sent again after a kill until it is acknowledged. After
every kill the server is started anew, and its objects are compared with those of a painter that knows the acknowledged strokes
alone; at the end the label file, and the journal replayed from its first line, are compared too. Exits with 1 where a pixel
differs. What was seen is kept in docs/results/records/studio-kills.json.
"""

import argparse
import contextlib
import http.client
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from experiments import RECORDS
from PIL import Image

from maskwright.base.files import write_json
from maskwright.formats import project
from maskwright.masks import box_runs
from maskwright.masks.region import Region
from maskwright.studio.replay import replay
from maskwright.studio.rows import edits_since, unpacked
from maskwright.studio.running import Address, running
from maskwright.studio.store import journal_of

PROGRAM = (sys.executable, "-c", "from maskwright.cli.main import run; run()", "label")
SIDE = 256
OBJECTS = 40
LONGEST_SECONDS = 1.0  # from the start of painting to the kill
NO_SERVER = (OSError, http.client.HTTPException)


class Painter:
    """What a page knows: the acknowledged objects, their revision, and the stroke that is not acknowledged yet."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.masks: dict[str, np.ndarray] = {}
        self.revision, self.acknowledged = 0, 0
        self.waiting: dict[str, Any] | None = None

    def stroke(self) -> dict[str, Any]:
        """A brush or an eraser somewhere on one of the objects."""
        x, y, side = self.chance.randrange(SIDE - 40), self.chance.randrange(SIDE - 40), self.chance.randrange(3, 40)
        name = f"o{self.chance.randrange(OBJECTS)}"
        drawn = np.zeros((SIDE, SIDE), bool)
        drawn[y : y + side, x : x + side] = np.hypot(*np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]) <= 1
        drawn[y + side // 2, x + side // 2] = True
        region = Region.of_mask(drawn)
        how = "remove" if name in self.masks and self.chance.random() < 0.3 else "add"
        change = {"object": name, how: {"box": list(region.box_xyxy), "runs": box_runs.text_of(region)}}
        if name not in self.masks:
            change["set"] = {"class_id": 1}
        return {"edit_id": str(uuid.uuid4()), "base_revision": self.revision, "changes": [change], "tool": "brush"}

    def paint(self, address: Address) -> None:
        """Strokes without end, until the server is not there any more."""
        connection = http.client.HTTPConnection(address.host, address.port, timeout=20)
        headers = {"Authorization": f"Bearer {address.token}", "Content-Type": "application/json"}
        try:
            while True:
                self.waiting = self.waiting or self.stroke()
                connection.request("POST", "/api/images/1/edits", json.dumps(self.waiting), headers)
                answer = connection.getresponse()
                said = json.loads(answer.read())
                if answer.status != 200:
                    raise SystemExit(f"refused: {said}")
                self.note(self.waiting["changes"][0], said["revision"])
                self.waiting = None
        finally:
            connection.close()

    def note(self, change: dict[str, Any], revision: int) -> None:
        """What an acknowledged stroke did."""
        mask = self.masks.pop(change["object"], np.zeros((SIDE, SIDE), bool))
        if "add" in change:
            mask = mask | drawn_of(change["add"])
        if "remove" in change:
            mask = mask & ~drawn_of(change["remove"])
        if mask.any():
            self.masks[change["object"]] = mask
        self.revision, self.acknowledged = revision, self.acknowledged + 1


def drawn_of(mask: dict[str, Any]) -> np.ndarray:
    """A mask of the protocol as pixels."""
    return box_runs.region_of(tuple(mask["box"]), mask["runs"]).mask((SIDE, SIDE))


def start(photos: Path, folder: Path) -> tuple["subprocess.Popen[bytes]", Address]:
    """A server, once it answers."""
    log = folder.with_suffix(".log").open("ab")
    server = subprocess.Popen([*PROGRAM, str(photos), "--project", str(folder), "--no-browser"], stdout=log, stderr=log)
    while (address := running(folder)) is None:
        if server.poll() is not None:
            raise SystemExit(folder.with_suffix(".log").read_text())
        time.sleep(0.05)
    ask(address, "/api/images/1")
    return server, address


def ask(address: Address, path: str) -> dict[str, Any]:
    """The answer to a question."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=60)
    connection.request("GET", path, headers={"Authorization": f"Bearer {address.token}"})
    found: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return found


def differing(masks: dict[str, np.ndarray], found: list[dict[str, Any]]) -> list[str]:
    """The objects that are not what was painted."""
    seen = {one["id"]: drawn_of(one) for one in found}
    return [name for name in masks.keys() | seen.keys() if not same(masks.get(name), seen.get(name))]


def same(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    """Whether both are there and equal."""
    return a is not None and b is not None and bool((a == b).all())


def after_kill(painter: Painter, address: Address) -> list[str]:
    """What was lost. The stroke that was under way may be there or not; if it is, it counts as acknowledged."""
    found = ask(address, "/api/images/1/objects")
    if found["revision"] == painter.revision + 1 and painter.waiting is not None:
        painter.note(painter.waiting["changes"][0], found["revision"])
        painter.acknowledged -= 1  # it is sent again, and acknowledged then
    return differing(painter.masks, found["objects"]) or ([] if found["revision"] == painter.revision else ["the revision"])


def keep(seed: int, kills: int, painter: Painter, lost: list[str], *, is_over: bool) -> None:
    """Write the record. is_over: whether the label file and the journal were compared, too."""
    seen = {"kills": kills, "acknowledged": painter.acknowledged, "lost": lost, "seed": seed, "is_over": is_over}
    write_json(RECORDS / "studio-kills.json", seen)


def main() -> int:
    """Paint and kill; say what was seen."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=0, help="of the strokes and of the moments of the kills")
    chosen = arguments.parse_args()
    painter, lost = Painter(chosen.seed), list[str]()
    with tempfile.TemporaryDirectory() as place:
        photos, folder = Path(place) / "photos", Path(place) / "project"
        photos.mkdir()
        Image.fromarray(np.zeros((SIDE, SIDE), np.uint8)).save(photos / "a.png")
        server, address = start(photos, folder)
        for kill in range(chosen.kills):
            timer = threading.Timer(painter.chance.uniform(0, LONGEST_SECONDS), server.kill)
            timer.start()
            with contextlib.suppress(*NO_SERVER):
                painter.paint(address)
            server.wait()
            timer.cancel()
            server, address = start(photos, folder)
            lost += after_kill(painter, address)
            if kill % 20 == 19:
                keep(chosen.seed, kill + 1, painter, lost, is_over=False)
                print(f"{kill + 1:3d} kills, {painter.acknowledged} edits acknowledged, lost: {len(lost)}", flush=True)
        server.terminate()
        server.wait()
        kept = project.read_labels(folder / "labels" / "a.png.json")
        lost += differing(painter.masks, [one.model_dump() for one in kept.objects])
        with journal_of(folder) as database, database.reading() as connection:
            journal = [unpacked(row["changes"]) for row in edits_since(connection, 1, 0)]
        replayed = [{"id": name, **drawn.to_json()} for name, drawn in replay(journal, (SIDE, SIDE)).items()]
        lost += differing(painter.masks, replayed)
    keep(chosen.seed, chosen.kills, painter, lost, is_over=True)
    print(f"{chosen.kills} kills, {painter.acknowledged} edits acknowledged; lost or changed: {', '.join(lost) or 'none'}")
    return bool(lost)


if __name__ == "__main__":
    sys.exit(main())
