"""The tables of docs/results, made from records alone."""

from typing import Any

from experiments import DATA, EXPERIMENTS, EXPORTS, LARGE, MOSAIC, NETWORKS, NUCLEI, QUESTIONS, ROOT, Data, Experiment

from maskwright.base.files import atomic_write, read_json
from maskwright.masks.classes import Classes
from maskwright.metrics.counts import Counts
from maskwright.metrics.matching import MatchCounts
from maskwright.metrics.paired import PairedScore, paired_scores
from maskwright.metrics.scores import Score, Scores
from maskwright.metrics.semantic import ALL
from maskwright.report.words import interval_of, number


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
    if EXPORTS.exists():
        sections.append(exports(read_json(EXPORTS)))
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
        *differences(records),
    ]
    return "\n".join(lines)


def differences(records: dict[str, dict[str, Any]]) -> list[str]:
    """What one network has over another, on the same images, as `maskwright compare` tells it."""
    asked = {question: pair for question, pair in QUESTIONS.items() if set(pair) <= set(records)}
    if not asked:
        return []
    lines = ["| on the same images | score | difference | 95 % interval | better in |", "|---|---|---|---|---|"]
    for question, (one, other) in asked.items():
        lines += [
            f"| {question} | {row.metric}, {row.subject} | {row.difference:+.3f} "
            f"| {row.difference_low:+.3f} to {row.difference_high:+.3f} | {row.better:.0%} of resamples |"
            for row in paired(records[other], records[one])
        ]
    return [*lines, ""]


def paired(first: dict[str, Any], second: dict[str, Any]) -> list[PairedScore]:
    """How the second run's headline score and mean IoU differ from the first's, by paired bootstrap over the images."""
    runs = [{image["id"]: image["pixels"] for image in record["scores"]["per_image"]} for record in (first, second)]
    if set(runs[0]) != set(runs[1]):
        raise ValueError("the two records are of different images: remove the older and measure it again")
    counts = [Counts.of_images([run[id] for id in runs[0]]) for run in runs]
    classes = Classes.named(*first["scores"]["class_names"])
    _, rows = paired_scores(counts, classes, background=first["plan"]["background"])
    headline = Scores.from_json(first["scores"]).headline_row
    return [row for row in rows if (row.metric, row.subject) in ((headline.metric, headline.subject), ("iou", ALL))]


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
        "The rule by which thresholds are settled (of nearly equal ones, those that leave out least) was chosen when scores of "
        "these test images under several thresholds had been seen: they flatter. The thresholds themselves come from the "
        "validation part.",
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


def exports(measured: dict[str, Any]) -> str:
    """Exported files against their runs, as `benchmarks/exports.py` measured them."""
    lines = [
        "## Exported files",
        "",
        "`python benchmarks/exports.py IMAGES RUN ...`: each run as an ONNX file in ONNX Runtime, on whole images, against the "
        "network in single precision on them, and against the run as it predicts (in the precision and by the tiles of its "
        "plan); then in 8-bit integers, against the same file of OpenVINO without them, both as OpenVINO runs them by "
        f"itself, in turn, on {measured['environment']['threads']} threads of {measured['environment']['processor']}.",
        "",
        "| run | real images | same as the network | as the run | 8-bit: score from, to | times faster | times smaller |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in measured["rows"]:
        cells = (
            f"{one['run']} ({one['network']})", str(one["images"]), f"{one['agreement']:.3%} of {one['by']}",
            f"{one['with_run']:.3%}", *in_integers(one["int8"]),
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def in_integers(measured: dict[str, Any] | None) -> tuple[str, str, str]:
    """What 8-bit integers cost and gained, or why there is no such file."""
    if measured is None:
        return ("not measured", "", "")
    if "refused" in measured:
        return (f"refused: {measured['refused']}", "", "")
    (before, after), (slow, fast), (large, small) = measured["scores"], measured["seconds"], measured["bytes"]
    return (f"{before:.4f}, {after:.4f}", f"{slow / fast:.2f}", f"{large / small:.1f}")
