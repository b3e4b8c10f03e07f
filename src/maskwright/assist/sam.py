"""Segment Anything as an assistant: all the masks of each answer, and a closer look at what is small."""

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock, Thread

import numpy as np
from jaxtyping import Bool, Float32, Int64, Num, UInt8

from maskwright.assist.assistant import Candidate
from maskwright.assist.candidates import best, disobeyed
from maskwright.assist.embeddings import EmbeddingCache
from maskwright.assist.nudge import nudged, off_outline
from maskwright.assist.sam_everything import everything
from maskwright.assist.sam_networks import BOX_END, BOX_START, NEGATIVE, POSITIVE, Networks, Prompt
from maskwright.assist.sam_view import Box, View
from maskwright.masks.draw import to_display
from maskwright.masks.region import Region, iou

CLOSER = 3.0  # a closer look shows so many times the object's length
WORTH = 1.5  # and is taken where it shows the object so many times larger
LEAST_SIDE = 32  # pixels of the image; closer than that there is nothing to see
VIEWS = 32  # embeddings in memory, of 4 MB each
MOST_POINTS = 64  # clicks that the decoder is told, the last ones; its time grows with them
DISOBEYED = 0.5  # what each click costs that a mask does not follow
FOR_MANY = 0  # the mask that was trained to answer several clicks, and none alone, which may mean a part or the whole
PREFERRED, DEFERRED = 0.4, -0.05  # what that mask gains and loses
NEARLY_ALL, BACKGROUND = 0.6, 0.5  # a mask of more of the image than this seldom is what one click means, and loses so much
KEPT = 0.3  # what a mask gains by being the mask before, less where it is another: a click corrects, and seldom means all
REACH = 4.5  # a click so many times nearer to the outline than the object is wide means a change of less than all of it
STRAYED = 6.0  # what it costs to change more than the click means, of the IoU with the mask before
OUTLINE = (0.85, 0.84)  # what a moved outline is worth: more than what does not follow the clicks, less than what does


class Sam:
    """One export of Segment Anything. Embeddings are kept in `cache` where there is one.

    looks_ahead: whether opening an image loads all that a click needs, and a thread looks more closely at what a first click
    gave while a person looks at it, so that no click waits for what could be done before.
    """

    learns = False

    def __init__(
        self, networks: Networks, *, name: str = "sam", cache: EmbeddingCache | None = None, looks_ahead: bool = False
    ) -> None:
        self.name, self.networks, self._cache, self.looks_ahead = name, networks, cache, looks_ahead

    def open(self, image: Num[np.ndarray, "h w c"]) -> "SamSession":
        session = SamSession(self, _picture(image))
        if self.looks_ahead:
            session.warm()
        return session

    def learn(self, image: Num[np.ndarray, "h w c"], regions: Sequence[Region]) -> None:
        """Nothing: what it has learnt is in its weights."""

    def embedding(self, picture: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "256 64 64"]:
        """What the encoder makes of a picture, from the cache where it is known."""
        if self._cache is None:
            return self.networks.encode(picture)
        key = self._cache.key(picture, self.networks.digest)
        known = self._cache.get(key)
        if known is None:
            known = self.networks.encode(picture)
            self._cache.put(key, known)
        return known


class SamSession:
    """One image, and the parts of it that were looked at more closely."""

    def __init__(self, assistant: Sam, picture: UInt8[np.ndarray, "h w 3"]) -> None:
        self._assistant, self._picture = assistant, picture
        self._size_hw = (picture.shape[0], picture.shape[1])
        self._views: OrderedDict[Box, View] = OrderedDict()
        self._coming: dict[Box, Future[View]] = {}
        self._lock = Lock()
        self._whole: Box = (0, 0, self._size_hw[1], self._size_hw[0])
        self._view(self._whole)

    def mask(
        self,
        clicks_xy: Int64[np.ndarray, "n 2"],
        positive: Bool[np.ndarray, " n"],
        box_xyxy: tuple[int, int, int, int] | None = None,
        previous: Bool[np.ndarray, "h w"] | None = None,
    ) -> list[Candidate]:
        inside = ((clicks_xy >= 0) & (clicks_xy < self._size_hw[::-1])).all(axis=1)
        clicks_xy, positive = clicks_xy[inside][-MOST_POINTS:], positive[inside][-MOST_POINTS:]
        previous = previous if previous is not None and previous.any() else None
        if not positive.any() and box_xyxy is None:
            if previous is None:
                return []
            box_xyxy = Region.of_mask(previous).box_xyxy
        asked = Question(clicks_xy, positive, box_xyxy, previous)
        if previous is None:
            first = self._ask(self._view(self._whole), asked)
            if first and self._assistant.looks_ahead:
                self._look_ahead(self._nearer(_joined(first[0].region.box_xyxy, clicks_xy[positive], box_xyxy)))
            return first
        near = self._nearer(_joined(Region.of_mask(previous).box_xyxy, clicks_xy[positive], box_xyxy))
        found = self._ask(self._view(near or self._whole), asked)
        moved = zip(nudged(previous, clicks_xy, positive, only_thin=True), OUTLINE, strict=False)
        return best([*found, *(Candidate(region, worth, "outline") for region, worth in moved)])

    def warm(self) -> None:
        """Ask the decoder once, which is loaded by that, so that the first click is answered as fast as others."""
        middle = np.array([[self._size_hw[1] // 2, self._size_hw[0] // 2]])
        view = self._view(self._whole)
        self._assistant.networks.decode(view.embedding, Question(middle, np.ones(1, bool), None, None).prompt(view))

    def propose(self) -> list[Candidate]:
        """What the decoder draws for the points of a grid, where it is sure and the drawing hardly depends on the threshold."""
        return everything(self._assistant.networks, self._view(self._whole), self._assistant.name)

    def _ask(self, view: View, asked: "Question") -> list[Candidate]:
        """The decoder's masks on a view, the best that follows the clicks first."""
        answer = self._assistant.networks.decode(view.embedding, asked.prompt(view))
        before = None if asked.previous is None else Region.of_mask(asked.previous)
        meant = 0.0 if before is None else asked.meant_to_stay(before)
        found = []
        for place, (logits, said) in enumerate(zip(answer.logits, answer.ious.tolist(), strict=True)):
            region = view.region(logits)
            if region.area:
                score = said - DISOBEYED * disobeyed(region, asked.clicks_xy, asked.positive)
                if asked.is_single and region.area > NEARLY_ALL * self._size_hw[0] * self._size_hw[1]:
                    score -= BACKGROUND
                if place == FOR_MANY and len(answer.ious) > 1:
                    score += DEFERRED if asked.is_single else PREFERRED
                if before is not None:
                    kept = float(iou([region], [before])[0, 0])
                    score += KEPT * kept - STRAYED * max(meant - kept, 0)
                found.append(Candidate(region, score, self._assistant.name))
        return best(found)

    def _nearer(self, extent: Box) -> Box | None:
        """The part of the image to look at for an object of this extent; None where the whole image shows it well enough.

        Sides and places are of a coarse grid, so that objects beside each other and the next click share what was encoded.
        """
        length = max(extent[2] - extent[0], extent[3] - extent[1], 1)
        side = round(2 ** (np.ceil(2 * np.log2(max(CLOSER * length, LEAST_SIDE))) / 2))
        if side * WORTH > max(self._size_hw):
            return None
        step = max(side // 4, 1)
        starts = []
        for low, high, most in zip(extent[:2], extent[2:], self._size_hw[::-1], strict=True):
            start = round(((low + high) / 2 - side / 2) / step) * step
            starts.append(min(max(start, 0), max(most - side, 0)))
        left, top = starts
        return left, top, min(left + side, self._size_hw[1]), min(top + side, self._size_hw[0])

    def _look_ahead(self, box: Box | None) -> None:
        """Encode a part of the image in a thread, if nothing else is being encoded."""
        with self._lock:
            is_idle = not self._coming
        if box is not None and is_idle:
            Thread(target=self._view, args=(box,), daemon=True).start()

    def _view(self, box: Box) -> View:
        """A part of the image, encoded once: who asks for one that another thread encodes waits for that."""
        with self._lock:
            if box in self._views:
                self._views.move_to_end(box)
                return self._views[box]
            is_ours = box not in self._coming
            coming = self._coming.setdefault(box, Future())
        if is_ours:
            try:
                x0, y0, x1, y1 = box
                coming.set_result(View(box, self._assistant.embedding(self._picture[y0:y1, x0:x1])))
            except BaseException as error:
                coming.set_exception(error)
            with self._lock:
                del self._coming[box]
                if coming.exception() is None:
                    self._views[box] = coming.result()
                while len(self._views) > VIEWS:
                    self._views.popitem(last=False)
        return coming.result()


@dataclass(frozen=True, eq=False)
class Question:
    """What was said about an object, in pixels of the image."""

    clicks_xy: Int64[np.ndarray, "n 2"]
    positive: Bool[np.ndarray, " n"]
    box_xyxy: Box | None
    previous: Bool[np.ndarray, "h w"] | None

    @property
    def is_single(self) -> bool:
        """One click and nothing else, which may mean an object or a part of it."""
        return len(self.clicks_xy) == 1 and self.box_xyxy is None and self.previous is None

    def meant_to_stay(self, before: Region) -> float:
        """The least IoU with the mask before that the last click means: one beside its outline is no reason to leave it."""
        if not len(self.clicks_xy):
            return 0.0
        x, y = self.clicks_xy[-1].tolist()
        return max(1 - REACH * off_outline(before, (x, y)) / float(np.sqrt(before.area)), 0.0)

    def prompt(self, view: View) -> Prompt:
        points = view.to_square(self.clicks_xy + 0.5)
        kinds = np.where(self.positive, POSITIVE, NEGATIVE).astype(np.float32)
        if self.box_xyxy is not None:
            points = np.concatenate([points, view.to_square(np.array(self.box_xyxy, float).reshape(2, 2))])
            kinds = np.concatenate([kinds, np.array([BOX_START, BOX_END], np.float32)])
        return Prompt(points, kinds, None if self.previous is None else view.to_logits(self.previous))


def _picture(image: Num[np.ndarray, "h w c"]) -> UInt8[np.ndarray, "h w 3"]:
    """Photographs as they are; other images stretched to the range that the encoder knows."""
    return image if image.dtype == np.uint8 and image.shape[2] == 3 else to_display(image)


def _joined(extent: Box, points_xy: Int64[np.ndarray, "n 2"], box: Box | None) -> Box:
    """The least box that holds the mask, the positive clicks and the drawn box."""
    corners = [extent, *([box] if box else []), *((x, y, x + 1, y + 1) for x, y in points_xy.tolist())]
    starts, ends = np.array(corners)[:, :2].min(axis=0), np.array(corners)[:, 2:].max(axis=0)
    return int(starts[0]), int(starts[1]), int(ends[0]), int(ends[1])
