"""The rule behind every score of objects, in plain words, and what warns about the scores."""

from collections.abc import Sequence

from maskwright.metrics.detections import MOST
from maskwright.metrics.instance_tally import InstanceTally
from maskwright.metrics.scores import too_few

OBJECTS, CLASSES = "all objects", "class mean"
STARDIST, COCO = " (StarDist)", " (COCO)"
AT_HALF = " at IoU 0.5"
PER_IMAGE = " per image"

FORMULAS = {
    "precision": "hits / predicted objects",
    "recall": "hits / true objects",
    "F1": "2 x hits / (true objects + predicted objects)",
    "mean matched IoU": "the mean IoU of the hits",
    "mean true IoU": "the IoU of the hits / true objects, so that a missed one counts 0",
    "PQ": "panoptic quality, the IoU of the hits / half of (true objects + predicted objects)",
    "SQ": "segmentation quality, the mean IoU of the hits",
    "RQ": "recognition quality, 2 x hits / (true objects + predicted objects)",
    "AJI": "aggregated Jaccard index, the pixels that true objects share with their best predictions / the pixels of both and "
    "of predictions that are nobody's best",
    "true objects": "the number of true objects",
    "predicted objects": "the number of predicted objects",
    "count error": "how far the number of predicted objects is from that of the true ones, the mean over images",
    "relative count error": "how far the number of predicted objects is from that of the true ones / the number of true ones, "
    "the mean over images with true objects",
}


def rule_of(metric: str, subject: str, min_score: float) -> str:
    """What was counted and what was left out."""
    plain = metric.removesuffix(PER_IMAGE).removesuffix(AT_HALF)
    rule = _coco_rule(plain) if metric.endswith(COCO) else _rule(plain)
    if metric.endswith(PER_IMAGE):
        rule = f"Each image by itself, then the mean over images with objects: {rule}"
    elif not metric.endswith(COCO) and "count" not in metric:
        rule = f"The objects of all images together: {rule}"
    if subject == CLASSES:
        rule = f"The mean over the classes, what is not measurable left out, of: {rule[0].lower()}{rule[1:]}"
    elif subject == OBJECTS:
        rule = f"All classes together, each object matched within its class: {rule[0].lower()}{rule[1:]}"
    if min_score > 0:
        rule += (
            " Predictions of any score count." if metric.endswith(COCO) else f" Predictions of a score below {min_score:g} out."
        )
    return f"{rule[0].upper()}{rule[1:]} Crowds and ignored pixels out."


def _rule(metric: str) -> str:
    if metric.startswith("AP"):
        threshold = int(metric.removesuffix(STARDIST).removeprefix("AP")) / 100
        return f"hits / (hits + spurious + missed objects); a hit has an IoU of at least {threshold:g}."
    limit = " above 0.5" if metric in ("PQ", "SQ", "RQ") else " of at least 0.5"
    metric = metric.removesuffix(STARDIST)
    return f"{FORMULAS[metric]}{f'; a hit has an IoU{limit}' if 'hits' in FORMULAS[metric] else ''}."


def _coco_rule(metric: str) -> str:
    """The rule of a row of pycocotools' summary."""
    name, _, size = metric.removesuffix(COCO).partition(" ")
    number = name.removeprefix("AP").removeprefix("AR")
    most = int(number) if name.startswith("AR") and number else MOST
    at = f"at IoU {int(number) / 100:g}" if name.startswith("AP") and number else "the mean over IoU 0.5, 0.55, ... 0.95"
    what = "the area under precision over recall" if name.startswith("AP") else "the share of true objects found"
    pixels = {"small": " below 32 x 32 pixels", "medium": " of 32 x 32 to 96 x 96 pixels", "large": " above 96 x 96 pixels"}
    of = f", objects{pixels[size]} only" if size else ""
    surest = "surest prediction" if most == 1 else f"{most} surest predictions"
    return f"{what}, {at}{of}; from the {surest} of each class and image."


def warnings_of(tallies: Sequence[InstanceTally], names: dict[int, str]) -> tuple[str, ...]:
    """What a reader of the numbers should know before believing them; `names` are the classes that are scored, by id."""
    hits, spurious, missed = (
        sum(getattr(tally.counts, kind)[:, 0] for tally in tallies) for kind in ("hits", "spurious", "missed")
    )
    true, predicted = hits + missed, hits + spurious
    warnings = []
    if not sum(true[i] for i in names):
        warnings.append("There is no true object that counts in any image: nothing says whether objects are found.")
    found = {
        "In no ground truth and no prediction, so not measurable here": [i for i in names if not true[i] and not predicted[i]],
        "In no ground truth, yet predicted; the scores are 0 and count so in means": [
            i for i in names if not true[i] and predicted[i]
        ],
        "Never predicted, though in the ground truth": [i for i in names if true[i] and not predicted[i]],
    }
    for what, ids in found.items():
        if ids and sum(true[i] + predicted[i] for i in names):
            warnings.append(f"{what}: {', '.join(repr(names[i]) for i in ids)}.")
    unseen = sum(tally.detections.unseen > 0 for tally in tallies)
    if unseen:
        warnings.append(
            f"{unseen} of {len(tallies)} images hold more than {MOST} predictions of a class. COCO's average precision looks "
            f"at the {MOST} surest only, and takes what the others find for missed. Judge by AP50{STARDIST}, F1 or PQ."
        )
    scores = {score for tally in tallies for score in tally.detections.scores.tolist()}
    if len(scores) == 1 and sum(len(tally.detections.scores) for tally in tallies) > 1:
        warnings.append(
            "All predictions have one score. COCO's average precision ranks them by it, so here it depends on their order."
        )
    return (*warnings, *too_few(len(tallies)))
