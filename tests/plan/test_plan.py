"""Plans: read back as written, changed by name, and refused in words where they cannot be."""

import pytest

from maskwright.base.errors import PlanError
from maskwright.losses import LossTerm
from maskwright.masks.classes import Classes
from maskwright.models.unet import UNetConfig
from maskwright.plan.plan import Decision, Optimizer, Plan, change
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.normalize import Normalization


def plan(**values: object) -> Plan:
    return Plan(
        **{  # type: ignore[arg-type]
            "classes": Classes.named("background", "<nucleus> ü"),
            "channels": 1,
            "model": UNetConfig(widths=(8, 16)),
            "normalization": Normalization(kind="fixed", mean=(3.5,), std=(2.0,)),
            "crop_hw": (64, 96),
            "batch": 4,
            "foreground_share": 0.5,
            "augmentation": Augmentation(),
            "loss": (LossTerm(name="cross-entropy"), LossTerm(name="focal", gamma=1.5)),
            "steps": 100,
            "validate_every": 10,
            "precision": "bf16",
            "tile_hw": (512, 512),
            "tile_overlap": 64,
            "budget_minutes": 1.5,
            "decisions": (Decision(name="crop", value="64 x 96", why="The images are small."),),
        }
        | values
    )


def test_a_plan_comes_back_from_its_json() -> None:
    for one in (plan(), plan(class_weights=(1.0, 2.0), background=None, validation_images=3)):
        assert Plan.from_json(one.to_json()) == one


def test_the_reasons_are_explained() -> None:
    assert plan().explain() == "crop  64 x 96\n      The images are small."


@pytest.mark.parametrize(
    ("name", "text", "seen"),
    [
        ("steps", "7", lambda one: one.steps == 7),
        ("model.widths", "[4,8,16]", lambda one: one.model.widths == (4, 8, 16)),
        ("model.norm", "instance", lambda one: one.model.norm == "instance"),
        ("loss.1.weight", "0.5", lambda one: one.loss[1].weight == 0.5),
        ("optimizer.learning_rate", "1e-2", lambda one: one.optimizer.learning_rate == 0.01),
        ("crop_hw", "[128, 128]", lambda one: one.crop_hw == (128, 128)),
        ("class_weights", "[1, 3]", lambda one: one.class_weights == (1.0, 3.0)),
        ("mirror", "true", lambda one: one.mirror),
        ("background", "null", lambda one: one.background is None),
        ("augmentation.scale", "[0.5, 2]", lambda one: one.augmentation.scale == (0.5, 2.0)),
    ],
)
def test_any_value_can_be_set_by_name_and_is_noted(name: str, text: str, seen: object) -> None:
    changed = change(plan(), {name: text})
    assert seen(changed)  # type: ignore[operator]
    assert changed.decisions[-1] == Decision(name=name, value=text, why="Set by hand.")
    assert change(changed, {name: text}).decisions == changed.decisions


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("stps", "7", r"no field 'stps'. Did you mean 'steps'\?"),
        ("model.width", "[8]", r"Did you mean 'model.widths'\?"),
        ("decisions", "[]", "no field 'decisions'"),
        ("steps", "0", "steps is 0; it must be 1 or more"),
        ("steps", "many", "'steps' is 'many'"),
        ("batch", "0", "batch is 0; it must be 1 or more"),
        ("batch", "2.5", "'batch' is 2.5"),
        ("optimizer.learning_rate", "-1", r"optimizer.learning_rate is -1.0; it must be above 0"),
        ("optimizer.name", "adam", "'adamw' or 'sgd'"),
        ("model.norm", "layer", "'none', 'batch', 'instance' or 'group'"),
        ("model.widths", "[]", "one positive width per resolution"),
        ("crop_hw", "[4, 64]", r"crop_hw is \(4, 64\); it must be 8 pixels or more a side"),
        ("tile_overlap", "512", "from 0 to below the tile's side"),
        ("foreground_share", "1.5", "from 0 to 1"),
        ("class_weights", "[1]", "2 numbers of 0 or more, one a class"),
        ("loss", "[]", "at least one term"),
        ("budget_minutes", "0", "above 0"),
        ("task", "keypoints", "'task' is 'keypoints'"),
    ],
)
def test_what_cannot_be_is_refused_in_words(name: str, text: str, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        change(plan(), {name: text})


def test_a_misspelt_field_in_a_file_names_the_nearest_and_the_file() -> None:
    value = plan().to_json() | {"bach": 3}
    with pytest.raises(PlanError, match=r"my\.json: the plan has no field 'bach'. Did you mean 'batch'\?"):
        Plan.from_json(value, source="my.json")


def test_something_else_than_a_plan_is_refused() -> None:
    for value in ([], "plan", {"steps": 3}, None):
        with pytest.raises(PlanError, match=r"plan\.json"):
            Plan.from_json(value)


def test_a_plan_of_a_newer_program_says_to_update() -> None:
    with pytest.raises(PlanError, match=r"pip install -U maskwright"):
        Plan.from_json(plan().to_json() | {"format": 99})


def test_an_optimizer_checks_itself() -> None:
    with pytest.raises(PlanError, match=r"warmup_share is 1.0; it must be from 0 to below 1"):
        Optimizer(warmup_share=1.0)
