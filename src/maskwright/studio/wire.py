"""What a page may ask for: every body that the server takes, checked before anything is done with it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from maskwright.masks import rle
from maskwright.masks.box_runs import Box
from maskwright.studio.edits import Wanted
from maskwright.studio.history import Edit, Step
from maskwright.studio.objects import Mask
from maskwright.studio.proposals import Decision, Proposed

LARGEST = 1 << 31  # no coordinate, count or revision is beyond it
MOST_CHANGES = 20_000
MOST_CLICKS = 2_000
LONGEST_NOTE = 10_000

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Word = Annotated[str, StringConstraints(max_length=64)]
Whole = Annotated[int, Field(ge=0, le=LARGEST)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Byte = Annotated[int, Field(ge=0, le=255)]
Coordinate = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Id = Annotated[int, Field(ge=0, le=LARGEST)]


class Body(BaseModel):
    """Nothing but what is named, and no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class MaskBody(Body):
    box: Annotated[list[Whole], Field(min_length=4, max_length=4)]
    runs: str | list[Whole]

    def value(self) -> Mask:
        x0, y0, x1, y1 = self.box
        return Mask((x0, y0, x1, y1), self.runs if isinstance(self.runs, str) else rle.to_text(self.runs))


class Values(Body):
    """What can be set of an object."""

    class_id: Id | None = None
    locked: bool = False
    layer: Annotated[int, Field(ge=-1000, le=1000)] = 0
    crowd: bool = False
    score: Share = 1.0


class ChangeBody(Body):
    object: Name
    set: Values | None = None
    add: MaskBody | None = None
    remove: MaskBody | None = None
    mask: MaskBody | None = None
    delete: bool = False

    def value(self) -> Wanted:
        values = {} if self.set is None else self.set.model_dump(exclude_unset=True)
        add, remove, mask = (None if one is None else one.value() for one in (self.add, self.remove, self.mask))
        return Wanted(self.object, values, add, remove, mask, self.delete)


class StepBody(Body):
    edit_id: Name
    base_revision: Whole
    seconds: Seconds = 0.0
    clicks: Whole = 0
    client: Word = ""

    def step(self) -> Step:
        return Step(**{name: getattr(self, name) for name in StepBody.model_fields})


class EditBody(StepBody):
    tool: Word = ""
    assistant: Word | None = None
    exclusive: bool = False
    changes: Annotated[list[ChangeBody], Field(min_length=1, max_length=MOST_CHANGES)]

    @model_validator(mode="after")
    def _once(self) -> "EditBody":
        if len({one.object for one in self.changes}) < len(self.changes):
            raise ValueError("an object stands twice in one edit; put its changes together")
        return self

    def value(self) -> Edit:
        values = {name: getattr(self, name) for name in EditBody.model_fields if name != "changes"}
        return Edit(**values, changes=tuple(one.value() for one in self.changes))


class ClassBody(Body):
    name: Annotated[str, StringConstraints(max_length=1000)]
    color: Annotated[list[Byte], Field(min_length=3, max_length=3)] | None = None
    kind: Literal["thing", "stuff"] = "thing"


class ClassChange(Body):
    name: Annotated[str, StringConstraints(max_length=1000)] | None = None
    color: Annotated[list[Byte], Field(min_length=3, max_length=3)] | None = None
    kind: Literal["thing", "stuff"] | None = None
    position: Number | None = None


class ImageChange(Body):
    state: Literal["todo", "done", "look"] | None = None
    note: Annotated[str, StringConstraints(max_length=LONGEST_NOTE)] | None = None


class UncertaintyBody(Body):
    value: Share | None


class PresenceBody(Body):
    client: Name


class LearningBody(Body):
    enabled: bool | None = None
    after: Annotated[int, Field(ge=1, le=100_000)] | None = None
    minutes: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] | None = None
    task: Literal["auto", "semantic", "instance", "panoptic"] | None = None
    do: Literal["start", "stop", "pause", "resume"] | None = None


class ProposalBody(MaskBody):
    class_id: Id | None = None
    score: Share
    assistant: Word | None = None

    def proposed(self) -> Proposed:
        return Proposed(self.class_id, self.value(), self.score, self.assistant)


class ProposalsBody(Body):
    proposals: Annotated[list[ProposalBody], Field(max_length=MOST_CHANGES)]
    replace: bool = False


class DecisionBody(StepBody):
    accept: Annotated[list[Id], Field(max_length=MOST_CHANGES)] = []
    reject: Annotated[list[Id], Field(max_length=MOST_CHANGES)] = []
    class_id: Id | None = None

    @model_validator(mode="after")
    def _once(self) -> "DecisionBody":
        if len({*self.accept, *self.reject}) < len(self.accept) + len(self.reject):
            raise ValueError("a proposal stands twice in one decision")
        return self

    def decision(self) -> Decision:
        step = {name: getattr(self, name) for name in StepBody.model_fields}
        return Decision(**step, accept=tuple(self.accept), reject=tuple(self.reject), class_id=self.class_id)


class AssistBody(Body):
    assistant: Word | None = None


class ClicksBody(AssistBody):
    clicks: Annotated[list[tuple[Coordinate, Coordinate, bool]], Field(max_length=MOST_CLICKS)] = []
    box: Annotated[list[Coordinate], Field(min_length=4, max_length=4)] | None = None
    previous: MaskBody | None = None

    def box_xyxy(self) -> Box | None:
        if self.box is None:
            return None
        x0, y0, x1, y1 = self.box
        return x0, y0, x1, y1


class ProposeBody(AssistBody):
    class_id: Id | None = None
