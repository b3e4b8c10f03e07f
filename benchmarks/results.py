"""Train the networks on the real data sets with the splits they name, score what was held out, and write the results page.

Every network gets as many steps as its budget permits on this machine, timed before the first training: run `--plans` on a
machine that is otherwise quiet; the trainings themselves may be disturbed, for their steps are fixed. What a training gave is
kept in docs/results/records, one file each, from which the page is made. A record that is there is not measured again.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.base.files import atomic_write, read_json, write_json
from maskwright.base.journal import Journal
from maskwright.metrics.matching import MatchCounts
from maskwright.metrics.scores import Score, Scores
from maskwright.report.words import interval_of, number

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "runs" / "results"
RECORDS = ROOT / "docs" / "results" / "records"
SPEED = ROOT / "benchmarks" / "speed.json"
MOSAIC = RECORDS / "mosaic.json"
LARGE = RECORDS / "large-image.json"
SYNTH = ROOT / "benchmarks" / "synth.json"
MASKWRIGHT = (sys.executable, "-c", "from maskwright.cli.main import run; run()")


@dataclass(frozen=True)
class Data:
    """A data set and what has to be said of it."""

    name: str
    title: str
    options: tuple[str, ...]


DATA = (
    Data(
        "camvid",
        "Street scenes (CamVid, every 8th image)",
        ("--ignore", "11", "--class-names", "sky,building,pole,road,pavement,tree,sign_symbol,fence,car,pedestrian,bicyclist"),
    ),
    Data("oxford_pets_26", "Cats and dogs (26 of the Oxford pets)", ("--ignore", "255", "--class-names", "background,cat,dog")),
    Data("isbi2012_em", "Membranes in electron microscopy (ISBI 2012)", ("--class-names", "cell,membrane")),
    Data(
        "dubai_aerial",
        "Aerial images of Dubai",
        ("--ignore", "0", "--class-names", "building,land,road,vegetation,water"),
    ),
    Data("dsb2018_nuclei", "Nuclei of four image types (DSB 2018), as semantic", ("--class-names", "background,nucleus")),
)

# What is compared on every data set but the last; the first is also told in detail.
LITE = ("--encoder", "efficientnet-lite0")
NETWORKS = {
    "unet-plain": ("--model", "unet", "--encoder", "plain"),
    "unet-lite0": ("--model", "unet", *LITE),
    "unet-lite0-fresh": ("--model", "unet", *LITE, "--encoder-weights", "none"),
    "unet-resnet34": ("--model", "unet", "--encoder", "resnet34"),
    "fcn-32s": ("--model", "fcn-32s", *LITE),
    "fcn-16s": ("--model", "fcn-16s", *LITE),
    "fcn-8s": ("--model", "fcn-8s", *LITE),
    "deeplabv3": ("--model", "deeplabv3", *LITE),
    "deeplabv3+": ("--model", "deeplabv3+", *LITE),
}
ONLY_PLAIN = ("dsb2018_nuclei",)
OBJECTS = "instances"  # of the nuclei, found as the plan chooses
OBJECT_BUDGET = "15min"
FRESH = ("camvid", "oxford_pets_26")  # what pretrained weights are worth is measured on photographs


@dataclass(frozen=True)
class Experiment:
    """One network on one data set."""

    data: Data
    network: str

    @property
    def name(self) -> str:
        return f"{self.data.name}-{self.network}"

    @property
    def reading(self) -> tuple[str, ...]:
        """What is said of the data; as objects they say enough themselves."""
        return () if self.network == OBJECTS else self.data.options

    @property
    def options(self) -> tuple[str, ...]:
        """What is said to `maskwright plan` beside the budget."""
        return ("--task", "instance") if self.network == OBJECTS else (*self.reading, *NETWORKS[self.network])

    @property
    def plan(self) -> Path:
        return RUNS / "plans" / f"{self.name}.json"

    @property
    def run(self) -> Path:
        return RUNS / self.name

    @property
    def record(self) -> Path:
        return RECORDS / f"{self.name}.json"


EXPERIMENTS = [
    Experiment(data, network)
    for data in DATA
    for network in NETWORKS
    if network == "unet-plain" or (data.name not in ONLY_PLAIN and (not network.endswith("fresh") or data.name in FRESH))
]  # fmt: skip
NUCLEI = Experiment(DATA[-1], OBJECTS)


def main() -> None:
    """Plan and train what is not there yet, then write the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path, help="folder of the data sets")
    arguments.add_argument("--budget", default="10min", help="of each training")
    arguments.add_argument("--only", default="", help="train only the experiments whose name has this in it")
    arguments.add_argument("--plans", action="store_true", help="time and plan all that is missing; train nothing")
    chosen = arguments.parse_args()
    missing = [one for one in (*EXPERIMENTS, NUCLEI) if chosen.only in one.name and not one.record.exists()]
    for one in missing:
        if not one.plan.exists() and not one.run.exists():
            one.plan.parent.mkdir(parents=True, exist_ok=True)
            budget = OBJECT_BUDGET if one is NUCLEI else chosen.budget
            maskwright("plan", chosen.data / one.data.name, *one.options, "--budget", budget, "--out", one.plan)
    for one in missing if not chosen.plans else ():
        train(one, chosen.data)
        write_page()
    write_page()


def maskwright(*arguments: str | Path) -> None:
    subprocess.run([*MASKWRIGHT, *map(str, arguments)], check=True)


def train(one: Experiment, data: Path) -> None:
    """Train as planned, or go on where it was stopped, and keep what came of it."""
    if not (one.run / "scores.json").exists():
        begun = (one.run / "plan.json").exists()
        what: tuple[str | Path, ...] = ("--resume",) if begun else (data / one.data.name, *one.reading, "--plan", one.plan)
        maskwright("train", *what, "--out", one.run)
    journal = Journal(one.run / "journal.jsonl").read()
    start = next(entry for entry in journal if entry["event"] == "start")
    scores = read_json(one.run / "scores.json")
    del scores["reading"]  # the data lie elsewhere on another machine
    record = {"plan": read_json(one.run / "plan.json"), "scores": scores, "environment": start}
    if one is NUCLEI:
        types = read_json(data / one.data.name / "metadata.json")
        record["types"] = {image["id"]: types[Path(image["id"]).name]["type"] for image in scores["per_image"]}
        for image in scores["per_image"]:
            del image["objects"]  # where each error lies: of no use in a table
    write_json(one.record, record)


def write_page() -> None:
    """The tables of docs/results, from the records alone."""
    sections = [section for data in DATA if (section := compared(data))]
    sections += [detail(one) for one in EXPERIMENTS if one.network == "unet-plain" and one.record.exists()]
    if NUCLEI.record.exists():
        sections.append(nuclei(read_json(NUCLEI.record)))
    if MOSAIC.exists():
        sections.append(mosaic(read_json(MOSAIC)))
    if LARGE.exists():
        sections.append(large_image(read_json(LARGE)))
    if SPEED.exists():
        sections.append(speed(read_json(SPEED)))
    if SYNTH.exists():
        sections.append(synth(read_json(SYNTH)))
    atomic_write(ROOT / "docs" / "results" / "tables.md", "\n".join(sections))


def compared(data: Data) -> str:
    """All networks on one data set, by their headline score."""
    records = {one.network: read_json(one.record) for one in EXPERIMENTS if one.data is data and one.record.exists()}
    if len(records) < 2:
        return ""
    about = next(iter(records.values()))
    headline = Scores.from_json(about["scores"]).headline_row
    lines = [
        f"## {data.title}: the networks compared",
        "",
        f"| options | {headline.metric}, {headline.subject} | 95 % interval | steps |",
        "|---|---|---|---|",
    ]
    for network, record in records.items():
        row = Scores.from_json(record["scores"]).headline_row
        options = f"`{' '.join(NETWORKS[network])}`"
        lines.append(f"| {options} | {number(row.value)} | {interval_of(row)} | {record['plan']['steps']} |")
    lines += [
        "",
        f"{about['plan']['budget_minutes']:g} minutes each on {about['environment']['cores']} cores of "
        f"{about['environment']['processor']}, the steps timed beforehand. Scored on the {headline.images} images of the "
        f"{part_of(about)} part.",
        "",
    ]
    return "\n".join(lines)


def detail(one: Experiment) -> str:
    """One run: what was trained and every score of what was held out."""
    record = read_json(one.record)
    plan, scores = record["plan"], Scores.from_json(record["scores"])
    words = ["maskwright train", one.data.name, *one.data.options, *NETWORKS[one.network]]
    command = f"{' '.join(words)} --budget {plan['budget_minutes']:g}min"
    network = next(decision["value"] for decision in plan["decisions"] if decision["name"] == "network")
    lines = [
        f"## {one.data.title}: every score of the plain U-Net",
        "",
        f"`{command}`: {network}, {plan['steps']} steps of {plan['batch']} crops "
        f"of {' x '.join(map(str, plan['crop_hw']))} pixels. Scored on the {scores.headline_row.images} images of the "
        f"{part_of(record)} part.",
        "",
        "| score | of | value | 95 % interval | baseline |",
        "|---|---|---|---|---|",
        *(row(score) for score in scores.rows if not score.metric.endswith("per image")),
        "",
        f"Pooled over all pixels of the part; intervals by bootstrap over its images; baseline: {scores.baseline}. "
        f"{' '.join(scores.warnings)}".strip(),
        "",
    ]
    return "\n".join(lines)


def nuclei(record: dict[str, Any]) -> str:
    """The nuclei found one by one: scores of all test images, and what matched in those of each type."""
    plan, scores = record["plan"], Scores.from_json(record["scores"])
    network = next(decision["value"] for decision in plan["decisions"] if decision["name"] == "network")
    lines = [
        "## Nuclei of four image types (DSB 2018), one by one",
        "",
        f"`maskwright train dsb2018_nuclei --task instance --budget {plan['budget_minutes']:g}min`: {network}, {plan['steps']} "
        f"steps of {plan['batch']} crops of {' x '.join(map(str, plan['crop_hw']))} pixels. Scored on the {part_of(record)} "
        "part; what matches at an IoU of 0.5, pooled over the images of a type:",
        "",
        "| images | | found | spurious | missed | AP50 (StarDist) | F1 |",
        "|---|---|---|---|---|---|---|",
    ]
    nucleus = Scores.from_json(record["scores"]).headline_row.subject
    for kind in sorted(set(record["types"].values())):
        of_kind = [image for image in record["scores"]["per_image"] if record["types"][image["id"]] == kind]
        each = MatchCounts.of_images([image["matched"] for image in of_kind], [nucleus])
        pooled = MatchCounts(*(part.sum() for part in vars(each).values()))
        lines.append(
            f"| {kind.replace('_', ' ')} | {len(of_kind)} | {pooled.hits:.0f} | {pooled.spurious:.0f} | {pooled.missed:.0f} "
            f"| {number(float(pooled.accuracy))} | {number(float(pooled.f1))} |"
        )
    lines += [
        "",
        "For comparison: StarDist's own notebook reaches AP50 0.835 and F1 0.910 on 67 other fluorescence images of this set, "
        "trained on 447.",
        "",
        "| score | of | value | 95 % interval | baseline |",
        "|---|---|---|---|---|",
        *(row(score) for score in scores.rows if not score.metric.endswith("per image")),
        "",
    ]
    return "\n".join(lines)


def part_of(record: dict[str, Any]) -> str:
    """Which part of the data was scored."""
    return {"test": "test", "val": "validation"}[record["scores"]["part"]]


def row(score: Score) -> str:
    return f"| {score.metric} | {score.subject} | {number(score.value)} | {interval_of(score)} | {number(score.baseline)} |"


def mosaic(measured: dict[str, Any]) -> str:
    """One large image of thousands of nuclei, as `benchmarks/mosaic.py` measured it."""
    scores = {row["metric"]: row["value"] for row in measured["scores"]}
    side, seconds = measured["side"], measured["predict_seconds"]
    lines = [
        "## One large image of thousands of nuclei",
        "",
        f"`make mosaic RUN=...`: {side} x {side} pixels laid from parts of fluorescence images, training images among them, "
        f"with {measured['nuclei']} nuclei. Predicted, stitched and written in {seconds:.0f} s "
        f"({measured['seconds_per_megapixel']:.1f} s a megapixel) and {measured['predict_gb']:.2f} GB of memory; scored in "
        f"{measured['score_seconds']:.0f} s and {measured['score_gb']:.2f} GB. "
        f"AP50 (StarDist) {number(scores['AP50 (StarDist)'])}, PQ {number(scores['PQ'])}, "
        f"{scores['predicted objects']:.0f} objects counted.",
        "",
    ]
    return "\n".join(lines)


def large_image(measured: dict[str, Any]) -> str:
    """An image that is read part by part, as `benchmarks/large_image.py` measured it."""
    (height, width), many, one = measured["size_hw"], measured["objects"], measured["objects_of_one_copy"]
    same = "the same file, byte by byte" if measured["same_file_after_kill"] else "another file"
    shares = [each["hits"] / each["true_inside"] for each in (many, one)]
    lines = [
        f"## One image of {width:,} x {height:,} pixels",
        "",
        f"`python benchmarks/large_image.py RUN --side {width} --height {height}`: the image of the demo, repeated, as a "
        f"tiled TIFF. Predicted and written in {measured['seconds']:.0f} s on {measured['threads']} threads of "
        f"{measured['processor']} ({measured['seconds_per_megapixel']:.2f} s a megapixel), in {measured['peak_gb']:.2f} GB of "
        f"memory at most. Killed halfway, the same command went on, took {measured['seconds_after_kill']:.0f} s more and wrote "
        f"{same}. {measured['pixels_counted']:,} pixels were counted.",
        "",
        f"{many['objects']:,} objects were numbered; {many['scattered']} numbers lie in places that do not touch, and "
        f"{many['in_pieces']} objects fall apart. Of the nuclei that lie whole in one of the {many['copies']} whole copies, "
        f"{shares[0]:.1%} were found (an intersection over union above one half with {many['hits']:,} of "
        f"{many['true_inside']:,}); of those of one copy by itself {shares[1]:.1%}.",
        "",
    ]
    return "\n".join(lines)


def speed(measured: dict[str, Any]) -> str:
    """The ratios that `make bench` measured."""
    about = measured["environment"]
    lines = [
        "## Speed",
        "",
        f"`make bench` on {about['threads']} threads of {about['processor']}, torch {about['torch']}: the same U-Net in plain "
        "eager float32 PyTorch and here, in turn in one run; medians, and the median of the ratios.",
        "",
        "| what | plain | maskwright | times faster |",
        "|---|---|---|---|",
        *(f"| {one['what']} | {one['plain']:.3g} | {one['ours']:.3g} | {one['ratio']:.2f} |" for one in measured["rows"]),
        "",
        f"{measured['agreement']:.3%} of the pixels get the same class from both.",
        "",
    ]
    return "\n".join(lines)


def synth(measured: dict[str, Any]) -> str:
    """How fast scenes are drawn, as `benchmarks/synth.py` measured it."""
    about, (height, width) = measured["environment"], measured["size_hw"]
    lines = [
        "## Synthetic data",
        "",
        f"`make bench`: scenes of {height} x {width} pixels that one core of {about['processor']} draws in a second.",
        "",
        "| recipe | images a second |",
        "|---|---|",
        *(f"| `{one['recipe']}` | {one['images_per_second']:.0f} |" for one in measured["rows"]),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
