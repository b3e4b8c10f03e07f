"""A plan on the command line: shown with reasons, written, and refused with the nearest name."""

import json

import pytest

SMALL = ("--set", "model.widths=[4,8]", "--set", "crop_hw=[32,32]")


def test_the_plan_is_shown_with_its_reasons_and_written(invoke, blobs_to_read, tmp_path):
    result = invoke("plan", blobs_to_read, "--budget", "1s", *SMALL, "--out", tmp_path / "plan.json")
    assert result.exit_code == 0
    assert "Set by hand." in result.output
    assert "percentiles 0.5 to 99.5" in result.output
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["model"]["widths"] == [4, 8]
    assert plan["budget_minutes"] == pytest.approx(1 / 60)
    assert f"--plan {tmp_path / 'plan.json'}" in result.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--set", "model.width=[4]"), "Did you mean 'model.widths'?"),
        (("--set", "batch=0"), "batch is 0; it must be 1 or more"),
        (("--set", "optimizer.learning_rate=-1"), "must be above 0"),
        (("--set", "batch"), "sets nothing"),
        (("--budget", "5"), "90s, 10min or 1.5h"),
        (("--val", "1"), "must lie between 0 and 1"),
        (
            ("--model", "fcn8s"),
            "There is no model 'fcn8s'. Did you mean 'fcn-8s'? Possible are: deeplabv3, deeplabv3+, fcn-16s",
        ),
        (
            ("--encoder", "efficientnet"),
            "There is no encoder 'efficientnet'. Did you mean 'efficientnet-lite0'?",
        ),
        (("--model", "unet", "--encoder-weights", "imagenet"), "no encoder that weights can be loaded into"),
        (("--encoder", "resnet18", "--encoder-weights", "none.pth"), "none.pth: there is no such weights file"),
        (("--encoder", "resnet18", "--encoder-weights", "imagenet"), "no packaged ImageNet weights for the encoder resnet18"),
        (("--model", "deeplabv3+", "--set", "model.output_stride=32"), "The output stride of a DeepLab is 16 (faster) or 8"),
        (("--device", "cuda:7"), "--device cuda:7 was asked for"),
        (("--device", "gpu"), "Possible are: auto, cpu, cuda"),
        (("--group-by", "("), "is no regular expression"),
    ],
)
def test_what_cannot_be_is_refused_in_words(invoke, blobs_to_read, arguments, complaint):
    result = invoke("plan", blobs_to_read, *arguments)
    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize("command", ["plan", "train"])
@pytest.mark.parametrize("name", ["--model", "--encoder"])
def test_an_unknown_network_is_told_before_data_are_read(invoke, tmp_path, command, name):
    result = invoke(command, tmp_path / "absent", name, "nonesuch")
    assert result.exit_code == 2
    assert f"There is no {name[2:]} 'nonesuch'" in result.stderr


def test_data_that_would_spoil_a_training_are_not_planned_for(invoke, blob_folder):
    (blob_folder / "images" / "cell1.jpg").write_bytes((blob_folder / "images" / "cell1.png").read_bytes())
    result = invoke("plan", blob_folder)
    assert result.exit_code == 1
    assert "could each be meant" in result.output or "have one name" in result.output
    assert "Stopped before planning" in result.output
