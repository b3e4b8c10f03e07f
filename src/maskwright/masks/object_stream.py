"""Objects found in maps that come strip by strip, top to bottom: numbered once over the whole image, in memory of a few strips.

What becomes of a connected part of the foreground depends on no other part. So a part is grown as soon as its last row is
there, and what comes out is, pixel by pixel, what `object_maps.find_objects` finds in the maps of the whole image. Only where a
part is taller than what is held (objects that all touch, over thousands of rows) is it grown in pieces: objects that end
`CALM_ROWS` above the last row that is there are done then, and one that is itself taller goes on under its own number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64
from scipy import ndimage

from maskwright.masks.object_maps import Finding, ObjectMaps, grown_in
from maskwright.masks.regions import components

CONTEXT = 3  # rows above and below that the smoothed middles of a row depend on
CALM_ROWS = 64  # nearer to the end of what is there, the border of two objects may still move
HELD_BYTES = 2**29  # of maps, before parts are grown in pieces
NONE = -1  # of a pixel that is done and belongs to no object


@dataclass(frozen=True, eq=False)
class Found:
    """The numbers at some rows of the image that are done, from `top` on, and what was found with them.

    objects: number, pixels, and the sum of each class's probabilities, background left out; of an object that comes in pieces
    there are several rows. The state from which to go on after these rows: `carry`.
    """

    top: int
    labels: Int32[np.ndarray, "h w"]
    objects: Float64[np.ndarray, "n k"]
    carry: "Carry"


@dataclass(frozen=True, eq=False)
class Carry:
    """What is known of the rows from `top` on when all above are done: numbers of objects that end there, and the next number.

    above: the last row that is done, for objects that were cut there, whose numbers are in `cut`.
    """

    top: int
    labels: Int32[np.ndarray, "h w"]
    above: Int32[np.ndarray, " w"]
    cut: tuple[int, ...] = ()
    next_number: int = 1

    @classmethod
    def at_start(cls, width: int) -> "Carry":
        """Nothing is done."""
        return cls(0, np.zeros((0, width), np.int32), np.zeros(width, np.int32))

    @property
    def first_row(self) -> int:
        """From which row on maps are needed to go on."""
        return max(self.top - CONTEXT, 0)


@dataclass
class ObjectStream:
    """Give it strips of maps, as `tiles.blend` yields them from `carry.first_row` on, and it yields what is done."""

    size_hw: tuple[int, int]
    finding: Finding
    carry: Carry
    held_bytes: int = HELD_BYTES
    _maps: Float32[np.ndarray, "k h w"] | None = field(default=None, init=False)
    _labels: Int32[np.ndarray, "h w"] = field(init=False)  # from `_top` on
    _top: int = field(init=False)  # the first row that is not done
    _above: Int32[np.ndarray, " w"] = field(init=False)
    _cut: set[int] = field(init=False)
    _next: int = field(init=False)

    def __post_init__(self) -> None:
        self._top, self._labels, self._above = self.carry.top, self.carry.labels, self.carry.above
        self._cut, self._next = set(self.carry.cut), self.carry.next_number

    def add(self, maps: Float32[np.ndarray, "k h w"]) -> Iterator[Found]:
        """The next rows of the maps: probabilities of classes, of outlines, depths. Yields the rows that are done by then."""
        self._maps = maps if self._maps is None else np.concatenate([self._maps, maps], axis=1)
        first = max(self._top - CONTEXT, 0)  # the image's row at which the maps begin
        is_last = first + self._maps.shape[1] == self.size_hw[0]
        bottom = first + self._maps.shape[1] - (0 if is_last else CONTEXT)
        if bottom <= self._top + len(self._labels) and not is_last:
            return
        grown = np.zeros((bottom - self._top, self.size_hw[1]), np.int32)
        grown[: len(self._labels)] = self._labels
        self._labels = grown
        objects, done = self._find(first, is_last=is_last)
        if done or len(objects):
            yield self._let_go(objects, done)

    def _find(self, first: int, *, is_last: bool) -> tuple[Float64[np.ndarray, "n k"], int]:
        """Grow the parts that are whole; returns the objects, and how many rows are done."""
        assert self._maps is not None
        rows = slice(self._top - first, self._top - first + len(self._labels))
        named = ObjectMaps(self._maps[:-2], self._maps[-2], self._maps[-1])
        middles = named.middles[rows]
        here = ObjectMaps(self._maps[:-2, rows], self._maps[-2, rows], self._maps[-1, rows])
        open_foreground = (here.foreground >= self.finding.foreground) & (self._labels == 0)
        parts, count = components(open_foreground, connectivity=4)
        is_open = np.zeros(count + 1, bool)
        if not is_last:
            is_open[parts[-1]] = True
            is_open[0] = False
        waiting = is_open[parts]
        objects = self._settle(grown_in(open_foreground & ~waiting, middles, self.finding), open_foreground & ~waiting, here)
        if waiting.any() and self._maps.nbytes > self.held_bytes:
            objects = np.concatenate([objects, self._in_pieces(waiting, middles, here)])
            waiting &= self._labels == 0
        left = np.flatnonzero(waiting.any(axis=1))
        return objects, int(left[0]) if len(left) else len(self._labels)

    def _in_pieces(
        self, waiting: Bool[np.ndarray, "h w"], middles: Float32[np.ndarray, "h w"], here: ObjectMaps
    ) -> Float64[np.ndarray, "n k"]:
        """Of parts that are too tall to wait for: the objects that end well above the last row, and the tops of taller ones."""
        grown = grown_in(waiting, middles, self.finding)
        places = ndimage.find_objects(grown)
        ends = np.array([0] + [0 if place is None else place[0].stop for place in places])
        is_done = ends <= len(grown) - CALM_ROWS
        done = waiting & is_done[grown]
        objects = self._settle(np.where(done, grown, 0).astype(np.int32), done, here)
        half = len(grown) // 2
        tall = waiting & ~done
        if tall[:half].any():
            tall[half:] = False
            tops = np.where(tall, grown, 0).astype(np.int32)
            before = self._next
            objects = np.concatenate([objects, self._settle(tops, tall, here, is_cut=True)])
            self._cut |= set(range(before, self._next))
        return objects

    def _settle(
        self, grown: Int32[np.ndarray, "h w"], done: Bool[np.ndarray, "h w"], here: ObjectMaps, *, is_cut: bool = False
    ) -> Float64[np.ndarray, "n k"]:
        """Number the objects that are believable and mark all pixels that are done; returns the objects."""
        highest = int(grown.max(initial=0))
        areas = np.bincount(grown.ravel(), minlength=highest + 1)
        surely = np.bincount(grown.ravel(), weights=here.foreground.ravel(), minlength=highest + 1)
        kept = (areas >= self.finding.smallest) & (surely >= self.finding.sure * areas)
        kept |= is_cut
        kept &= areas > 0
        kept[0] = False
        numbers = np.where(kept, np.cumsum(kept) + self._next - 1, NONE).astype(np.int64)
        if self._cut:
            numbers = self._continued(grown, numbers, areas)
        self._next = max(self._next, int(numbers.max(initial=0)) + 1)
        self._labels[done] = numbers[grown[done]]
        sums = [np.bincount(grown.ravel(), weights=layer.ravel(), minlength=highest + 1) for layer in here.classes[1:]]
        chosen = numbers > 0
        return np.stack([numbers, areas, *sums], axis=1)[chosen].astype(np.float64)

    def _continued(
        self, grown: Int32[np.ndarray, "h w"], numbers: Int64[np.ndarray, " n"], areas: Int64[np.ndarray, " n"]
    ) -> Int64[np.ndarray, " n"]:
        """The numbers, where an object goes on from one that was cut above it with the number of that, without gaps."""
        above = np.concatenate([self._above[None], self._labels[:-1]])
        touching = (grown > 0) & np.isin(above, list(self._cut))
        pairs, counts = np.unique(np.stack([grown[touching], above[touching]]), axis=1, return_counts=True)
        taken: dict[int, int] = {}
        for place in np.argsort(counts, kind="stable").tolist():  # the longest contact last, which stays
            taken[int(pairs[0, place])] = int(pairs[1, place])
        fresh = [i for i in np.flatnonzero((numbers > 0) & (areas > 0)).tolist() if i not in taken]
        out = np.full(len(numbers), NONE, np.int64)
        out[fresh] = np.arange(self._next, self._next + len(fresh))
        for own, other in taken.items():
            out[own] = other
        return out

    def _let_go(self, objects: Float64[np.ndarray, "n k"], done: int) -> Found:
        """The rows that are done, which are then forgotten but for what the next ones need of them."""
        assert self._maps is not None
        labels, self._labels = self._labels[:done], self._labels[done:]
        first = max(self._top - CONTEXT, 0)
        top, self._top = self._top, self._top + done
        if done:
            self._above = labels[-1].copy()
            self._cut &= set(np.unique(np.concatenate([self._above, self._labels.ravel()])).tolist())
        self._maps = self._maps[:, max(self._top - CONTEXT, 0) - first :].copy()
        carry = Carry(self._top, self._labels.copy(), self._above, tuple(sorted(self._cut)), self._next)
        return Found(top, np.maximum(labels, 0), objects, carry)
