"""The process of an assistant: clicks come in as lines of JSON, masks go out, and a hang or a crash harms nobody else.

Started as `python -m maskwright.studio.assistant_child NAME MAX_PIXELS`.
"""

import json
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.assist.assistant import Assistant, Candidate
from maskwright.base.errors import MaskwrightError
from maskwright.masks import box_runs
from maskwright.studio.opened import Opened, open_image, part_of

IMAGES = 3  # that stay open


class Answers:
    """What the process can be asked: `open`, `mask`, `propose` and `learn`, of images by their paths."""

    def __init__(self, assistant: Assistant, max_pixels: int) -> None:
        self.assistant, self.max_pixels = assistant, max_pixels
        self._opened: OrderedDict[str, Opened] = OrderedDict()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question, or `{"error": why there is none}`."""
        asked: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "open": self._open,
            "mask": self._mask,
            "propose": self._propose,
            "learn": self._learn,
        }
        try:
            return asked[question["do"]](question)
        except MaskwrightError as error:
            return {"error": str(error).rstrip(".")}
        except Exception as error:  # an assistant is foreign code, and whatever it raises is an answer
            return {"error": f"{type(error).__name__}: {error}"}

    def _open(self, question: dict[str, Any]) -> dict[str, Any]:
        self._image(question["path"])
        return {}

    def _mask(self, question: dict[str, Any]) -> dict[str, Any]:
        image = self._image(question["path"])
        clicks = np.array(question["clicks"], np.int64).reshape(-1, 2)
        positive = np.array(question["positive"], bool)
        box, previous = question["box"], question["previous"]
        drawn = None if previous is None else box_runs.region_of(tuple(previous["box"]), previous["runs"])
        found = image.mask(clicks, positive, None if box is None else tuple(box), drawn)
        return {"candidates": written(found, image.size_hw)}

    def _propose(self, question: dict[str, Any]) -> dict[str, Any]:
        image = self._image(question["path"])
        return {"candidates": written(image.propose(), image.size_hw)}

    def _learn(self, question: dict[str, Any]) -> dict[str, Any]:
        if not self.assistant.learns:
            return {}
        regions = [box_runs.region_of(tuple(mask["box"]), mask["runs"]) for mask in question["masks"]]
        image, placed = part_of(Path(question["path"]), regions, max_pixels=self.max_pixels)
        self.assistant.learn(image, placed)
        return {}

    def _image(self, path: str) -> Opened:
        if path not in self._opened:
            self._opened[path] = open_image(self.assistant, Path(path), max_pixels=self.max_pixels)
            while len(self._opened) > IMAGES:
                self._opened.popitem(last=False)[1].close()
        self._opened.move_to_end(path)
        return self._opened[path]


def written(candidates: Sequence[Candidate], size_hw: tuple[int, int]) -> list[dict[str, Any]]:
    """Candidates as JSON values; those without a pixel on the image, or with a score that is no number, are left out."""
    found = []
    for one in candidates:
        region = one.region.window((0, 0, size_hw[1], size_hw[0])).tight()
        if region.area and np.isfinite(one.score):
            mask = {"box": list(region.box_xyxy), "runs": box_runs.text_of(region), "area": region.area}
            found.append({**mask, "score": float(np.clip(one.score, 0, 1)), "assistant": one.name})
    return found


def serve(answers: Answers, questions: Iterable[str], reply: Callable[[str], Any]) -> None:
    """Answer line by line until there are no more questions."""
    for line in questions:
        reply(json.dumps(answers.answer(json.loads(line)), allow_nan=False) + "\n")


def main(name: str, max_pixels: str) -> None:
    """Open the assistant and serve; what it says to a terminal goes to stderr, since stdout is for answers."""
    from maskwright.assist.table import open_assistant

    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(Answers(open_assistant(name, looks_ahead=True), int(max_pixels)), sys.stdin, replies.write)


if __name__ == "__main__":
    main(*sys.argv[1:])
