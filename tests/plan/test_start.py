"""Starting from a run: what of it stays, and when its weights cannot fit."""

from dataclasses import replace

import pytest

import maskwright as mw
from maskwright.base.errors import PlanError
from maskwright.base.files import write_json
from maskwright.models import model_config
from maskwright.models.unet import UNetConfig
from maskwright.plan.plan import Optimizer, Plan
from maskwright.plan.start import WEIGHTS, Start
from maskwright.sampling.normalize import Normalization


@pytest.fixture
def earlier(tmp_path, blobs_to_read):
    """The folder of a run with a plan of its own numbers; its weights are not looked at here."""
    planned = mw.plan(
        mw.read(blobs_to_read), budget_minutes=0.02, model="unet", encoder="plain",
        changes={"model.widths": "[4,8]", "crop_hw": "[32,32]"},
    )  # fmt: skip
    planned = replace(
        planned, normalization=Normalization(kind="fixed", mean=(9.0,), std=(5.0,)), optimizer=Optimizer(encoder_rate=0.3),
        shrink=2,
    )  # fmt: skip
    write_json(tmp_path / "run" / "plan.json", planned.to_json())
    (tmp_path / "run" / WEIGHTS).write_bytes(b"")
    return tmp_path / "run"


def test_network_and_view_of_images_stay_and_the_rest_is_planned_anew(earlier, blobs_to_read):
    planned = mw.plan(mw.read(blobs_to_read), budget_minutes=0.02, start_from=earlier, changes={"batch": "2"})
    assert planned.start_from == earlier.absolute().as_posix()
    assert planned.model == UNetConfig(widths=(4, 8))
    assert planned.normalization == Normalization(kind="fixed", mean=(9.0,), std=(5.0,))
    assert (planned.shrink, planned.tile_overlap) == (2, 256)
    assert planned.encoder_weights is None
    assert planned.optimizer.encoder_rate == 0.3
    assert planned.batch == 2
    rates, network = (next(each for each in planned.decisions if each.name == name) for name in ("optimizer", "network"))
    assert rates.value == "AdamW at 0.001, 0.3 of it in the encoder"
    assert network.why == f"That of {earlier}, whose weights are where this training starts."
    assert Plan.from_json(planned.to_json()) == planned


def test_what_was_asked_for_beside_is_refused(earlier, blobs_to_read):
    for asked in ({"model": "unet"}, {"encoder": "plain"}, {"encoder_weights": "none"}):
        with pytest.raises(PlanError, match="the run says which network it is"):
            mw.plan(mw.read(blobs_to_read), start_from=earlier, **asked)


@pytest.mark.parametrize(
    ("task", "channels", "classes", "words"),
    [
        ("instance", 1, 2, "task semantic instead of instance"),
        ("semantic", 3, 2, "channels 1 instead of 3"),
        ("semantic", 1, 4, "classes 2 instead of 4"),
    ],
)
def test_a_run_of_another_kind_is_refused(earlier, task, channels, classes, words):
    with pytest.raises(PlanError, match=f"{words}, so its weights do not fit these data"):
        Start.of(earlier).require_fit(task=task, channels=channels, classes=classes, asked=False)


def test_no_run_and_a_run_without_weights_are_told(earlier, tmp_path):
    with pytest.raises(PlanError, match="no run here"):
        Start.of(tmp_path / "nothing")
    (earlier / WEIGHTS).unlink()
    with pytest.raises(PlanError, match=f"has no {WEIGHTS} yet"):
        Start.of(earlier)


def test_a_plan_starts_from_one_thing_only(earlier):
    planned = Start.of(earlier).plan
    with pytest.raises(PlanError, match="null where the whole network starts from a run"):
        replace(planned, start_from="a", encoder_weights="imagenet", model=model_config("unet", "resnet18"))
