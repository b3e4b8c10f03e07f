"""Learn what the right mask among many looks like: the weights of `maskwright.assist.ranking`, printed.

Objects are clicked on by the robot; every mask of every tool is described by its cues, and its IoU with the object is explained
by a ridge regression, once for first clicks and once for later ones. The images that `benchmarks/clicks.py` scores are left
out.
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from maskwright.assist import ranking
from maskwright.assist.assistant import Candidate
from maskwright.assist.classical import Classical, ClassicalSession
from maskwright.assist.clickable import ClickImage, click_images
from maskwright.assist.patch import Patch
from maskwright.data.dataset import DataSet, read
from maskwright.masks.region import Region, iou
from maskwright.metrics.clicks import Click, Clicker

DATA = {
    "oxford_pets_26": {"ignore": (255,), "class_names": ("background", "cat", "dog")},
    "coco128_seg": {},
    "dsb2018_nuclei": {"kind": "instances"},
}
CROPS = {"dsb2018_nuclei": 256}
COUNTED = {"oxford_pets_26": 13, "coco128_seg": 40, "dsb2018_nuclei": 47}  # objects that benchmarks/clicks.py clicks on
CLICKS = 4
RIDGE = 0.3


class Watched(Classical):
    """The classical assistant, which notes what each mask looks like."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[dict[str, float], Region]] = []

    def answers(self, patch: Patch) -> list[Candidate]:
        found = []
        for name, tool in self._tools.items():
            for mask in tool(patch):
                if mask.any() and not ranking.disobeyed(patch, mask):
                    self.seen.append((asdict(ranking.cues(patch, mask, self.habit)), patch.region(mask)))
                    found.append(Candidate(patch.region(mask), ranking.judged(patch, mask, self.habit), name))
        return found


def others(data: DataSet, counted: set[str]) -> DataSet:
    return data.with_records([record for record in data.records if record.id not in counted])


def images(folder: Path, objects: int) -> Iterator[ClickImage]:
    for name, said in DATA.items():
        data, how = read(folder / name, **said), {"size": 640, "crop": CROPS.get(name)}
        counted = {image.id for image in click_images(data, **how, objects=COUNTED[name])}
        yield from click_images(others(data, counted), **how, objects=objects, seed=1)


def looked_at(image: ClickImage) -> Iterator[tuple[int, list[tuple[dict[str, float], float]]]]:
    """The number of each click, and what the masks then looked like with their IoU."""
    size_hw = image.image.shape[:2]
    assistant = Watched()
    session: ClassicalSession = assistant.open(image.image)
    for each in image.objects:
        truth = each.truth.mask(size_hw)
        clicker, clicks, previous = Clicker(truth, each.ignored), list[Click](), np.zeros(size_hw, bool)
        for number in range(1, CLICKS + 1):
            clicks.append(clicker.next(previous))
            assistant.seen.clear()
            points = np.array([(click.x, click.y) for click in clicks], np.int64)
            found = session.mask(points, np.array([click.positive for click in clicks]), None, previous if number > 1 else None)
            if not assistant.seen:
                break
            values = iou([region for _, region in assistant.seen], [each.truth])[:, 0].tolist()
            yield number, [(cues, value) for (cues, _), value in zip(assistant.seen, values, strict=True)]
            previous = found[0].region.mask(size_hw)


def weights(rows: list[tuple[dict[str, float], float]]) -> dict[str, float]:
    """The ridge regression of the IoU on the cues, with a constant."""
    names = list(rows[0][0])
    cues = np.array([[cues[name] for name in names] for cues, _ in rows])
    values = np.array([value for _, value in rows])
    middle, mean = cues.mean(axis=0), values.mean()
    inner = (cues - middle).T @ (cues - middle) / len(rows) + RIDGE * np.diag(np.maximum(cues.var(axis=0), 1e-4)) * 0.1
    found = np.linalg.solve(inner, (cues - middle).T @ (values - mean) / len(rows))
    return {**{name: round(float(value), 2) for name, value in zip(names, found, strict=True)},
            "constant": round(float(mean - middle @ found), 2)}  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path, help="folder of the data sets")
    arguments.add_argument("--objects", type=int, default=40, help="of each data set")
    chosen = arguments.parse_args()
    first, later = [], []
    for image in images(chosen.data, chosen.objects):
        for number, rows in looked_at(image):
            (first if number == 1 else later).extend(rows)
    print("FIRST =", weights(first), f"# {len(first)} masks")
    print("LATER =", weights(later), f"# {len(later)} masks")


if __name__ == "__main__":
    main()
