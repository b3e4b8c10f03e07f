"""A comparison of runs in words: who is better, how sure that is, and what an interval can and cannot say."""

import math

from maskwright.metrics.paired import PairedScore
from maskwright.report.comparison import ComparedRun, RunComparison
from maskwright.report.words import counted, duration, measure, number, share, shortened, signed

NAME_LENGTH = 40  # characters of a run's name in a sentence

READING = (
    "Intervals are at 95 %, by bootstrap: images are drawn again 1000 times, the same ones for every run, so that what makes "
    "an image hard for all falls out of the difference. They say how a difference may come out on other images like these. "
    "Each run was trained once, so they do not say how another training, with another seed, would come out."
)


def verdict(score: PairedScore) -> str:
    """'better' or 'worse' where the 95 % interval of the difference leaves out 0; empty where there is no interval."""
    if math.isnan(score.difference_low):
        return ""
    if score.difference_low == score.difference_high == 0:
        return "the same"
    if score.difference_low > 0:
        return "better"
    return "worse" if score.difference_high < 0 else "not told apart"


def interval(score: PairedScore) -> str:
    """The 95 % interval of the value."""
    return "" if math.isnan(score.low) else f"{number(score.low)} to {number(score.high)}"


def difference_interval(score: PairedScore) -> str:
    """The 95 % interval of the difference."""
    if math.isnan(score.difference_low):
        return ""
    return f"{signed(score.difference_low)} to {signed(score.difference_high)}"


def better_in(score: PairedScore) -> str:
    """The share of the resamples in which a run scores higher than the first; empty where that says nothing."""
    return "" if verdict(score) in ("", "the same") else share(score.better)


def steps(run: ComparedRun) -> str:
    """Steps that were trained, and how many were planned where that is more."""
    if run.steps is None:
        return "n/a"
    return f"{run.steps} of {run.planned}" if run.planned and run.steps < run.planned else str(run.steps)


def time(run: ComparedRun) -> str:
    """How long the training took."""
    return "n/a" if math.isnan(run.seconds) else duration(run.seconds)


def sentences(comparison: RunComparison) -> tuple[str, ...]:
    """What each run's headline says beside that of the first."""
    first = comparison.runs[0]
    what = measure(comparison.metric, comparison.subject)
    opening = f"{_named(first)} has a {what} of {number(comparison.headline(first).value)} on"
    said = [f"{opening} {counted(len(comparison.images), 'common image')}."]
    for run in comparison.runs[1:]:
        score = comparison.headline(run)
        if math.isnan(score.difference):
            said.append(f"{_named(run)}: nothing can be measured.")
            continue
        judged = {
            "better": "better",
            "worse": "worse",
            "not told apart": "these images cannot tell the two apart",
            "the same": "the same",
            "": "how sure that is, one image cannot tell",
        }[verdict(score)]
        between = difference_interval(score)
        by = f", {signed(score.difference)}{f' ({between})' if between else ''}" if score.difference else ""
        said.append(f"{_named(run)} has {number(score.value)}{by}: {judged}.")
    return tuple(said)


def _named(run: ComparedRun) -> str:
    return shortened(run.name, NAME_LENGTH)
