"""An object on an image: its values, and its mask as runs in a box; both as JSON."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from maskwright.base.errors import MaskwrightError
from maskwright.masks import box_runs
from maskwright.masks.box_runs import Box
from maskwright.masks.spans import Spans


class NotPossible(MaskwrightError):  # noqa: N818  the page asked for something that is understood and cannot be
    """What was asked for contradicts the image, its objects or the classes."""


@dataclass(frozen=True)
class Mask:
    """The pixels of a half-open box, as `masks.box_runs` writes them."""

    box: Box
    runs: str

    @classmethod
    def of(cls, spans: Spans) -> "Mask | None":
        """The mask of spans; None of no pixel."""
        return cls(*spans.runs()) if spans else None

    @property
    def area(self) -> int:
        """Pixels of the mask."""
        return sum(box_runs.counts_of(self.runs)[1::2])

    def spans(self, size_hw: tuple[int, int]) -> Spans:
        """Raises `MaskValueError` where the mask does not fit the image."""
        return Spans.of_runs(self.box, self.runs, size_hw)

    def to_json(self) -> dict[str, Any]:
        return {"box": list(self.box), "runs": self.runs}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Mask":
        x0, y0, x1, y1 = value["box"]
        return cls((x0, y0, x1, y1), value["runs"])


@dataclass(frozen=True)
class Attributes:
    """What an object has beside its mask.

    class_id: None marks pixels to leave out. place: the order in which objects came. layer: where one object a pixel is needed,
    a higher one lies on top. tool, assistant, proposal: how it was made.
    """

    class_id: int | None
    place: int = 0
    locked: bool = False
    layer: int = 0
    crowd: bool = False
    score: float = 1.0
    tool: str = ""
    assistant: str | None = None
    proposal: int | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Attributes":
        """The attributes in a JSON object, whatever else that holds."""
        return cls(**{field.name: value[field.name] for field in fields(cls) if field.name in value})


SETTABLE = frozenset({"class_id", "locked", "layer", "crowd", "score"})


@dataclass(frozen=True)
class Drawn:
    """An object as it is: values, mask and area. There is none without a pixel."""

    attributes: Attributes
    mask: Mask
    area: int

    @classmethod
    def of(cls, attributes: Attributes, spans: Spans) -> "Drawn | None":
        """The object of these pixels; None of no pixel."""
        mask = Mask.of(spans)
        return None if mask is None else cls(attributes, mask, spans.area)

    def to_json(self) -> dict[str, Any]:
        return {**self.attributes.to_json(), **self.mask.to_json(), "area": self.area}

    def with_values(self, attributes: Attributes) -> "Drawn":
        return replace(self, attributes=attributes)
