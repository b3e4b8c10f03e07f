"""The objects of an image from its journal alone, without what the database keeps of them."""

from collections.abc import Iterable

from maskwright.studio.edits import Change, Size, applied
from maskwright.studio.objects import Drawn


def replay(edits: Iterable[Iterable[Change]], size_hw: Size) -> dict[str, Drawn]:
    """Every object that is there after the changes of all edits, undos and redos among them, in their order."""
    objects: dict[str, Drawn] = {}
    for changes in edits:
        for change in changes:
            drawn = applied(change, objects.pop(change.object, None), size_hw)
            if drawn is not None:
                objects[change.object] = drawn
    return objects
