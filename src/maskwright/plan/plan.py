"""The plan: everything a training will do, each value with its reason."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from maskwright.base.errors import PlanError, did_you_mean
from maskwright.losses import LossTerm
from maskwright.masks.classes import Classes
from maskwright.models import MaskRCNNConfig, Model, PanopticDeepLabConfig, PanopticFPNConfig
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.normalize import Normalization

TaskName = Literal["semantic", "instance", "panoptic"]

FORMAT = 1  # of plan.json; raised when an older program could misread it
MOST_SHRUNK = 16  # times


def _require(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise PlanError(f"The plan's {name} is {value!r}; it must be {allowed}.")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One value of the plan and why it was chosen."""

    name: str
    value: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """How weights move: AdamW (arXiv:1711.05101) or SGD with Nesterov momentum; linear warm-up, then a cosine down to 0."""

    name: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 1e-3
    encoder_rate: float = 1.0  # times the learning rate: that of an encoder, lower where it starts from trained weights
    weight_decay: float = 1e-2
    momentum: float = 0.9
    warmup_share: float = 0.05
    clip_norm: float = 5.0
    average_decay: float = 0.99  # of the running average of the weights that predicts and is scored

    def __post_init__(self) -> None:
        _require(self.learning_rate > 0, "optimizer.learning_rate", self.learning_rate, "above 0")
        _require(0 <= self.encoder_rate <= 1, "optimizer.encoder_rate", self.encoder_rate, "from 0 (kept as it is) to 1")
        _require(self.weight_decay >= 0, "optimizer.weight_decay", self.weight_decay, "0 or more")
        _require(0 <= self.momentum < 1, "optimizer.momentum", self.momentum, "from 0 to below 1")
        _require(0 <= self.warmup_share < 1, "optimizer.warmup_share", self.warmup_share, "from 0 to below 1")
        _require(self.clip_norm > 0, "optimizer.clip_norm", self.clip_norm, "above 0")
        _require(0 <= self.average_decay < 1, "optimizer.average_decay", self.average_decay, "from 0 to below 1")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that decides how a training goes; equal plans on equal data give equal weights on one machine.

    Sizes are in pixels. `background` is the class id that scores leave out of foreground means, None where every class is
    real (a street scene). `encoder_weights` are what the encoder starts from: "imagenet", a file, or hf:OWNER/REPO/FILE; None
    is chance. `start_from` is the folder of a run whose weights the whole network starts from. `class_weights` multiply the
    cross-entropy of each class. `center_px` is the sigma of the bell around the centre of a thing in panoptic maps.
    `shrink` is how many times smaller the network is shown images, each pixel the mean of a block; crops are cut from these,
    tiles from images as they are.
    """

    task: TaskName = "semantic"
    classes: Classes
    background: int | None = 0
    channels: int
    model: Model
    encoder_weights: str | None = None
    start_from: str | None = None
    normalization: Normalization
    shrink: int = 1
    crop_hw: tuple[int, int]
    batch: int
    foreground_share: float
    augmentation: Augmentation
    loss: tuple[LossTerm, ...]
    class_weights: tuple[float, ...] | None = None
    center_px: float = 8.0
    optimizer: Optimizer = field(default_factory=Optimizer)
    steps: int
    validate_every: int
    validation_images: int | None = None  # the first so many choose the best weights; None is all
    precision: Literal["bf16", "fp32"]
    tile_hw: tuple[int, int]
    tile_overlap: int
    mirror: bool = False
    seed: int = 0
    budget_minutes: float
    decisions: tuple[Decision, ...] = ()
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.format > FORMAT:
            raise PlanError(
                f"This plan has format {self.format}, made by a newer maskwright; this one reads up to {FORMAT}. "
                "Update it: pip install -U maskwright"
            )
        _require(self.channels >= 1, "channels", self.channels, "1 or more")
        _require(self.batch >= 1, "batch", self.batch, "1 or more")
        _require(self.steps >= 1, "steps", self.steps, "1 or more")
        _require(self.validate_every >= 1, "validate_every", self.validate_every, "1 or more")
        _require(min(self.crop_hw) >= 8, "crop_hw", self.crop_hw, "8 pixels or more a side")
        _require(1 <= self.shrink <= MOST_SHRUNK, "shrink", self.shrink, f"from 1 (as they are) to {MOST_SHRUNK}")
        _require(
            self.shrink == 1 or not (self.task == "panoptic" or isinstance(self.model, MaskRCNNConfig)), "shrink", self.shrink,
            "1 where objects are found one by one, or things and stuff",
        )  # fmt: skip
        _require(min(self.tile_hw) >= 32, "tile_hw", self.tile_hw, "32 pixels or more a side")
        _require(
            0 <= self.tile_overlap < min(self.tile_hw), "tile_overlap", self.tile_overlap, "from 0 to below the tile's side"
        )
        _require(0 <= self.foreground_share <= 1, "foreground_share", self.foreground_share, "from 0 to 1")
        _require(self.budget_minutes > 0, "budget_minutes", self.budget_minutes, "above 0")
        _require(bool(self.loss), "loss", self.loss, "at least one term")
        _require(
            self.encoder_weights is None or hasattr(self.model, "encoder"), "encoder_weights", self.encoder_weights,
            "null, for this network has no encoder that weights can be loaded into; choose one with --encoder",
        )  # fmt: skip
        _require(
            self.start_from is None or self.encoder_weights is None, "encoder_weights", self.encoder_weights,
            "null where the whole network starts from a run",
        )  # fmt: skip
        _require(self.center_px > 0, "center_px", self.center_px, "above 0")
        self._require_fitting_network()
        if self.class_weights is not None:
            _require(
                len(self.class_weights) == len(self.classes) and min(self.class_weights) >= 0,
                "class_weights", self.class_weights, f"{len(self.classes)} numbers of 0 or more, one a class",
            )  # fmt: skip

    def _require_fitting_network(self) -> None:
        """Raises `PlanError` where the network is not one for the task."""
        model = self.model
        if isinstance(model, MaskRCNNConfig):
            _require(
                self.task == "instance", "task", self.task,
                "'instance' for a Mask R-CNN, which finds objects (--task instance). For the class of every pixel choose "
                "another --model: unet, fcn-8s or deeplabv3+; for things and stuff, panoptic-fpn",
            )  # fmt: skip
        if isinstance(model, PanopticFPNConfig | PanopticDeepLabConfig):
            _require(
                self.task == "panoptic", "task", self.task,
                f"'panoptic' for a {model.title}, which finds things and stuff (--task panoptic)",
            )  # fmt: skip
        if self.task == "panoptic":
            things = tuple(i for i, info in enumerate(self.classes) if info.is_thing)
            _require(bool(things), "classes", self.classes.names, "with at least one thing, for a panoptic task counts things")
            if isinstance(model, PanopticFPNConfig):
                _require(model.things == things, "model.things", model.things, f"{things}, the ids of the classes of things")
        if isinstance(model, MaskRCNNConfig | PanopticFPNConfig):
            name = "Mask R-CNN" if isinstance(model, MaskRCNNConfig) else "Panoptic FPN"
            _require(not self.mirror, "mirror", self.mirror, f"false for a {name}: objects of mirror images cannot be averaged")

    @property
    def stride(self) -> int:
        """Of the network on images as they are: what is seen at once is best a multiple of it."""
        return self.shrink * self.model.stride

    def to_json(self) -> dict[str, Any]:
        """A JSON value that `from_json` reads back."""
        value: dict[str, Any] = json.loads(_PLAN.dump_json(self))
        return value

    @classmethod
    def from_json(cls, value: Any, *, source: str = "plan.json") -> "Plan":
        """A plan from its JSON value. Raises `PlanError` naming the field, what was seen and what it may be."""
        unknown = set(value) - {field.name for field in dataclasses.fields(cls)} if isinstance(value, dict) else set()
        if unknown:
            name = sorted(unknown)[0]
            raise PlanError(
                f"{source}: the plan has no field '{name}'. {did_you_mean(name, (f.name for f in dataclasses.fields(cls)))}"
            )
        try:
            return _PLAN.validate_json(json.dumps(value))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise PlanError(f"{source}: '{place}' is {first.get('input')!r:.80}: {first['msg']}.") from error

    def explain(self) -> str:
        """The decisions as lines of text: name, value, reason."""
        width = max((len(decision.name) for decision in self.decisions), default=0)
        return "\n".join(f"{d.name:<{width}}  {d.value}\n{'':<{width}}  {d.why}" for d in self.decisions)


_PLAN = TypeAdapter(Plan)


def change(plan: Plan, assignments: dict[str, str]) -> Plan:
    """The plan with fields set by dotted name, as `--set model.widths=[16,32]` gives them.

    Values are JSON, or else taken as text. Raises `PlanError` on an unknown name (naming the nearest) or a value that the
    field cannot have. Each change is recorded as a decision with the reason 'set by hand'.
    """
    value = plan.to_json()
    names = {name: place for name, place in _leaves(value) if not name.startswith(("decisions", "format"))}
    for name, text in assignments.items():
        if name not in names:
            raise PlanError(f"The plan has no field '{name}'. {did_you_mean(name, names)}")
        holder, key = names[name]
        try:
            holder[key] = json.loads(text)
        except json.JSONDecodeError:
            holder[key] = text
        others = [decision for decision in value["decisions"] if decision["name"] != name]
        value["decisions"] = [*others, {"name": name, "value": text, "why": "Set by hand."}]
    return Plan.from_json(value, source="--set")


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Every settable name with its holder and key: fields of objects and, by index, members of lists of objects."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        name = f"{prefix}{key}"
        yield name, (value, key)
        if isinstance(item, dict) or (isinstance(item, list) and item and isinstance(item[0], dict)):
            yield from _leaves(item, f"{name}.")
