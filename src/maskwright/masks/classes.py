"""Classes of a data set, their names and colours, and the value that marks pixels to leave out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from maskwright.base.errors import DataError

IGNORE = 65535  # in memory; 8-bit files hold 255 instead

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
        """Classes with colours from the palette; `things` names the countable ones."""
        return cls(tuple(ClassInfo(name, PALETTE[i % len(PALETTE)], name in things) for i, name in enumerate(names)))

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
