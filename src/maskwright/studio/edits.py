"""What an edit does to objects: from what was asked for to what changed, its inverse, and whether two edits collide."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from maskwright.masks.spans import Spans
from maskwright.studio.objects import Attributes, Drawn, Mask, NotPossible

Size = tuple[int, int]


@dataclass(frozen=True)
class Wanted:
    """A change of one object as it is asked for: values to set, pixels to add and to remove, or a whole new mask."""

    object: str
    values: dict[str, Any] = field(default_factory=dict)
    add: Mask | None = None
    remove: Mask | None = None
    mask: Mask | None = None
    delete: bool = False

    @property
    def is_strokes_alone(self) -> bool:
        """Whether it only adds and removes pixels, so that it can be merged with others of the kind."""
        return not self.values and self.mask is None and not self.delete


@dataclass(frozen=True)
class Change:
    """What really changed of one object: values before and after (None: not there), new pixels, pixels that are gone."""

    object: str
    before: Attributes | None
    after: Attributes | None
    added: Mask | None = None
    removed: Mask | None = None

    def inverse(self) -> "Change":
        """The change that undoes this one."""
        return Change(self.object, self.after, self.before, self.removed, self.added)

    def to_json(self) -> dict[str, Any]:
        return {
            "object": self.object,
            **{name: _json(getattr(self, name)) for name in ("before", "after", "added", "removed")},
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Change":
        before, after = (value[name] and Attributes.from_json(value[name]) for name in ("before", "after"))
        added, removed = (value[name] and Mask.from_json(value[name]) for name in ("added", "removed"))
        return cls(value["object"], before, after, added, removed)


def carried_out(wanted: Wanted, drawn: Drawn | None, new: Attributes, size_hw: Size, *, locks: bool = True) -> Change | None:
    """What a wanted change does to an object as it is now; None where it does nothing.

    new: the values of an object that is made. locks: whether a locked object refuses. Raises `NotPossible` for a locked object,
    for one that is not there, and for a new one without class or pixels; `MaskValueError` for a mask that does not fit the
    image.
    """
    if drawn is None:
        return _made(wanted, new, size_hw)
    unlocks = wanted.values == {"locked": False} and replace(wanted, values={}) == Wanted(wanted.object)
    if locks and drawn.attributes.locked and not unlocks:
        raise NotPossible(f"The object {wanted.object} is locked. Unlock it first.")
    before, old = drawn.attributes, drawn.mask.spans(size_hw)
    if wanted.delete:
        return Change(wanted.object, before, None, None, drawn.mask)
    now = old if wanted.mask is None else wanted.mask.spans(size_hw)
    if wanted.remove is not None:
        now = now - wanted.remove.spans(size_hw)
    if wanted.add is not None:
        now = now | wanted.add.spans(size_hw)
    after = replace(before, **wanted.values) if now else None
    change = Change(wanted.object, before, after, Mask.of(now - old), Mask.of(old - now))
    return None if (before, None, None) == (after, change.added, change.removed) else change


def _made(wanted: Wanted, new: Attributes, size_hw: Size) -> Change:
    """An object that did not exist."""
    if wanted.delete or (wanted.mask is None and wanted.add is None):
        raise NotPossible(f"There is no object {wanted.object}. Load the objects of the image again.")
    if "class_id" not in wanted.values:
        raise NotPossible(f"The new object {wanted.object} has no class. Set its class_id (null: pixels to leave out).")
    pixels = Spans.empty(size_hw[1])
    for mask in (wanted.mask, wanted.add):
        pixels = pixels if mask is None else pixels | mask.spans(size_hw)
    pixels = pixels if wanted.remove is None else pixels - wanted.remove.spans(size_hw)
    if not pixels:
        raise NotPossible(f"The new object {wanted.object} has no pixel. Give it some in 'add' or 'mask'.")
    return Change(wanted.object, None, replace(new, **wanted.values), Mask.of(pixels), None)


def applied(change: Change, drawn: Drawn | None, size_hw: Size) -> Drawn | None:
    """An object after a change that was carried out on it as it is; None where it is gone."""
    if change.after is None:
        return None
    if drawn is not None and change.added is None and change.removed is None:
        return drawn.with_values(change.after)
    if drawn is None and change.added is not None and change.removed is None:
        return Drawn(change.after, change.added, change.added.area)
    pixels = Spans.empty(size_hw[1]) if drawn is None else drawn.mask.spans(size_hw)
    if change.removed is not None:
        pixels = pixels - change.removed.spans(size_hw)
    if change.added is not None:
        pixels = pixels | change.added.spans(size_hw)
    return Drawn.of(change.after, pixels)


def touched(wanted: Sequence[Wanted], exclusive: bool, later: Iterable[tuple[Change, bool]], size_hw: Size) -> tuple[str, ...]:
    """The objects in which an edit touches changes that were made since it was begun; each with whether its edit is exclusive.

    It touches the same object, unless both only add and remove pixels and neither adds what the other removes; and, where one
    of both edits is exclusive, another object that got a pixel which this edit adds.
    """
    own = {one.object: one for one in wanted}
    adds = [(one.object, mask.spans(size_hw)) for one in wanted for mask in (one.add, one.mask) if mask is not None]
    found = dict[str, None]()
    for change, is_exclusive in later:
        mine = own.get(change.object)
        if mine is not None and _collide(mine, change, size_hw):
            found[change.object] = None
        if change.added is not None and (exclusive or is_exclusive):
            theirs = change.added.spans(size_hw)
            if any(object != change.object and spans & theirs for object, spans in adds):
                found[change.object] = None
    return tuple(found)


def _collide(mine: Wanted, theirs: Change, size_hw: Size) -> bool:
    """Whether two changes of one object do not come to the same in any order."""
    if not mine.is_strokes_alone or theirs.before != theirs.after:
        return True
    crossing = ((mine.add, theirs.removed), (mine.remove, theirs.added))
    return any(own and other and own.spans(size_hw) & other.spans(size_hw) for own, other in crossing)


def _json(value: Attributes | Mask | None) -> dict[str, Any] | None:
    return None if value is None else value.to_json()
