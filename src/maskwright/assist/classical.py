"""Click to mask without weights: several tools at several sizes, and the mask that looks most like an object."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Int64, Num, UInt8

from maskwright.assist.assistant import Candidate
from maskwright.assist.blobs import blobs
from maskwright.assist.candidates import best
from maskwright.assist.nudge import is_thin, nudged
from maskwright.assist.patch import Box, Patch, around, cut
from maskwright.assist.ranking import Habit, judged
from maskwright.assist.tools import TOOLS, Tool
from maskwright.masks.draw import to_display
from maskwright.masks.region import Region

FIRST_PX, LATER_PX = 112, 192  # longer side of a patch: at the first click several sizes are tried
SIDES = (48, 128, 340)  # pixels of the image that are looked at for a first click, and the whole image
ROOM = 1.7  # a patch has so many times the length of what is known of the object
SETTLED = 5  # clicks from which on a click means the outline, wherever it lies
OUTLINE, MAYBE_OUTLINE = (1.0, 0.9), (0.4, 0.39)  # what a moved outline is worth where a click means it, and where it may


class Classical:
    """Tools that need no weights, ranked against each other."""

    learns = True

    def __init__(self, name: str = "classical", using: Mapping[str, Tool] | None = None) -> None:
        self.name = name
        self._tools = dict(TOOLS if using is None else using)
        self._habit = Habit()

    def open(self, image: Num[np.ndarray, "h w c"]) -> "ClassicalSession":
        return ClassicalSession(self, to_display(image))

    def learn(self, image: Num[np.ndarray, "h w c"], regions: Sequence[Region]) -> None:
        self._habit = self._habit.with_masks(image, regions)

    @property
    def habit(self) -> Habit:
        return self._habit

    def answers(self, patch: Patch) -> list[Candidate]:
        """What every tool makes of a patch."""
        found = []
        for name, tool in self._tools.items():
            found += [
                Candidate(patch.region(mask), judged(patch, mask, self._habit), name) for mask in tool(patch) if mask.any()
            ]
        return found


class ClassicalSession:
    """One image as the classical tools see it: 8-bit RGB."""

    def __init__(self, assistant: Classical, picture: UInt8[np.ndarray, "h w 3"]) -> None:
        self._assistant, self._picture = assistant, picture

    def mask(
        self,
        clicks_xy: Int64[np.ndarray, "n 2"],
        positive: Bool[np.ndarray, " n"],
        box_xyxy: tuple[int, int, int, int] | None = None,
        previous: Bool[np.ndarray, "h w"] | None = None,
    ) -> list[Candidate]:
        height, width = self._picture.shape[:2]
        inside = ((clicks_xy >= 0) & (clicks_xy < (width, height))).all(axis=1)
        clicks_xy, positive = clicks_xy[inside], positive[inside]
        if previous is not None and not previous.any():
            previous = None
        if not positive.any() and box_xyxy is None and previous is None:
            return []
        found: list[Candidate] = []
        if previous is not None:
            means_it = len(clicks_xy) >= SETTLED or is_thin(previous, clicks_xy)
            moved = zip(nudged(previous, clicks_xy, positive), OUTLINE if means_it else MAYBE_OUTLINE, strict=False)
            found += [Candidate(region, worth, "outline") for region, worth in moved]
        for box, most in self._looks(clicks_xy[positive], box_xyxy, previous):
            patch = cut(self._picture, box, most, clicks_xy=clicks_xy, positive=positive, previous=previous, drawn_box=box_xyxy)
            found += self._assistant.answers(patch)
        return best(found)

    def _looks(
        self, positive_xy: Int64[np.ndarray, "n 2"], box: Box | None, previous: Bool[np.ndarray, "h w"] | None
    ) -> list[tuple[Box, int]]:
        """The parts of the image to look at, and how many pixels each may have."""
        size_hw = (self._picture.shape[0], self._picture.shape[1])
        known = [] if len(positive_xy) == 0 else [(*positive_xy.min(axis=0), *(positive_xy.max(axis=0) + 1))]
        if box is not None:
            known.append(_within(box, size_hw))
        elif previous is not None:
            known.append(Region.of_mask(previous).box_xyxy)
        corners = np.array(known, np.int64)
        whole: Box = (*corners[:, :2].min(axis=0).tolist(), *corners[:, 2:].max(axis=0).tolist())
        length = max(whole[2] - whole[0], whole[3] - whole[1])
        if box is not None or previous is not None:
            return [(around(whole, ROOM * length + 8, size_hw), LATER_PX)]
        usual = self._assistant.habit.length
        sides: list[float] = [ROOM * max(usual, length) + 8] if usual else []
        sides += [side for side in (*SIDES, max(size_hw)) if side >= length and side <= max(size_hw)]
        return [(around(whole, side, size_hw), FIRST_PX) for side in sides]

    def propose(self) -> list[Candidate]:
        """What stands out as bright or dark from its surroundings, parted where it is narrow; nothing where nothing does."""
        return [Candidate(region, score, self._assistant.name) for region, score in blobs(self._picture, self._assistant.habit)]


def _within(box: Box, size_hw: tuple[int, int]) -> Box:
    """What of a box lies in the image; at least the nearest pixel."""
    x0, y0, x1, y1 = box
    left, top = min(max(x0, 0), size_hw[1] - 1), min(max(y0, 0), size_hw[0] - 1)
    return left, top, min(max(x1, left + 1), size_hw[1]), min(max(y1, top + 1), size_hw[0])
