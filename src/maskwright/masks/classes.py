"""Classes of a data set, their names and colours, and the value that marks pixels to leave out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from maskwright.base.errors import DataError

IGNORE = 65535  # in memory; 8-bit files hold 255 instead

NOT_OBJECTS = frozenset({"background", "bg", "unlabelled", "unlabeled", "void", "other", "none", "nothing", "clutter"})

# Okabe and Ito's palette (colour-blind safe), then Paul Tol's muted one; background first, black.
PALETTE: tuple[tuple[int, int, int], ...] = (
    (0, 0, 0), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
    (51, 34, 136), (136, 204, 238), (68, 170, 153), (17, 119, 51), (153, 153, 51), (221, 204, 119), (204, 102, 119),
    (136, 34, 85), (170, 68, 153),
)  # fmt: skip


@dataclass(frozen=True)
class ClassInfo:
    """One class: its name, its colour, and whether it is a thing (countable) or stuff."""

    name: str
    color: tuple[int, int, int]
    is_thing: bool = False


@dataclass(frozen=True)
class Classes(Sequence[ClassInfo]):
    """The classes of a data set; a class id is its place. Names are unique and not empty."""

    infos: tuple[ClassInfo, ...]

    def __post_init__(self) -> None:
        names = self.names
        if not names or len(names) >= IGNORE:
            raise DataError(f"A data set needs 1 to {IGNORE - 1} classes, not {len(names)}.")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or not all(name.strip() for name in names):
            raise DataError(f"Class names must be unique and not empty: {twice or names}. Rename them with --class-names.")

    @classmethod
    def named(cls, *names: str, things: Sequence[str] = ()) -> "Classes":
        """Classes with colours from the palette; `things` names the countable ones. Only a background is black."""
        painted = PALETTE[1:]
        skipped = 1 if _is_background(names) else 0
        colors = [PALETTE[0]] * skipped + [painted[i % len(painted)] for i in range(len(names) - skipped)]
        return cls(tuple(ClassInfo(name, color, name in things) for name, color in zip(names, colors, strict=True)))

    @property
    def background(self) -> int | None:
        """0 where class 0 is what is left when every object is taken away, None where all classes are real (street scenes).

        With two classes the first is taken for the background; with more its name must say so.
        """
        return 0 if _is_background(self.names) else None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(info.name for info in self.infos)

    @overload
    def __getitem__(self, index: int) -> ClassInfo: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ClassInfo]: ...
    def __getitem__(self, index: int | slice) -> ClassInfo | Sequence[ClassInfo]:
        return self.infos[index]

    def __len__(self) -> int:
        return len(self.infos)

    def __iter__(self) -> Iterator[ClassInfo]:
        return iter(self.infos)


def _is_background(names: Sequence[str]) -> bool:
    return len(names) == 2 or (len(names) > 0 and names[0].strip().lower() in NOT_OBJECTS)
