"""The score against labelled images, and when more labels have stopped helping."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.studio.learning_rounds import Round

LOOKED_AT = 3  # rounds, the newest
LEAST_GAIN = 0.02  # of the score for twice as many labels; below, labels are better spent elsewhere


@dataclass(frozen=True)
class Verdict:
    """Whether more labels have stopped helping, and why it is said, in words."""

    has_stopped: bool
    words: str


def curve(rounds: Sequence[Round]) -> dict[str, Any]:
    """The points that a page draws, of the rounds of the newest task, and the verdict."""
    scored = [one for one in rounds if one.score is not None and one.metric == rounds[-1].metric]
    points = [
        {
            **{name: getattr(one, name) for name in ("number", "images", "score", "low", "high")},
            "held_out": len(one.held_out),
            "minutes": round(one.minutes, 1),
        }
        for one in scored
    ]
    said = verdict(scored)
    return {"metric": scored[-1].metric if scored else "", "points": points, "stopped": said.has_stopped, "words": said.words}


def verdict(scored: Sequence[Round]) -> Verdict:
    """Labels have stopped helping if the intervals of the last three scores have a value in common, and a straight line through
    them, against the logarithm of labelled images, rises by less than 0.02 for twice as many images."""
    last = [one for one in scored if one.score is not None and one.low is not None and one.high is not None][-LOOKED_AT:]
    if len(last) < LOOKED_AT or len({one.images for one in last}) < LOOKED_AT:
        return Verdict(False, f"It can be said after {LOOKED_AT} rounds with two held-out images or more.")
    lows, highs = [one.low or 0.0 for one in last], [one.high or 0.0 for one in last]
    gain = float(np.polyfit(np.log2([one.images for one in last]), [one.score or 0.0 for one in last], 1)[0])
    words = f"Twice as many labels would bring about {gain:+.3f}, by the last {LOOKED_AT} rounds."
    if max(lows) <= min(highs) and gain < LEAST_GAIN:
        return Verdict(True, f"More labels have stopped helping. {words} Look at images of another kind, or stop here.")
    return Verdict(False, words)
