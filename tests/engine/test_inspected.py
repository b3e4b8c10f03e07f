"""Networks to look into: by name, by plan, by run."""

import numpy as np
import pytest
import torch

from maskwright.base.errors import MaskwrightError, PlanError
from maskwright.engine.inspected import named, subject_of


def test_a_name_stands_for_the_network_a_training_would_take():
    assert named("unet").title.startswith("U-Net, widths")
    assert "EfficientNet-Lite0" in named("deeplabv3+").title
    subject = named("deeplabv3", encoder="resnet18", output_stride=8, channels=2, classes=5)
    assert "ResNet-18, output stride 8" in subject.title
    assert subject.network(torch.zeros(2, 2, 32, 32)).shape == (2, 5, 32, 32)
    assert "random" in subject.weights


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"name": "unett"}, "Did you mean 'unet'"),
        ({"name": "unet", "encoder": "resnet35"}, "There is no encoder 'resnet35'"),
        ({"name": "unet", "output_stride": 8}, "no output stride to choose"),
        ({"name": "deeplabv3", "output_stride": 4}, "16 .* or 8"),
    ],
)
def test_what_cannot_be_is_refused(options, complaint):
    with pytest.raises(PlanError, match=complaint):
        named(**options)


def test_what_is_nothing_is_answered_with_what_there_is(tmp_path):
    with pytest.raises(MaskwrightError, match=r"no run folder or plan file.*Possible are: deeplabv3, deeplabv3\+, fcn-16s"):
        subject_of(str(tmp_path / "runs"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(MaskwrightError, match=r"no plan\.json"):
        subject_of(str(tmp_path / "empty"))
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(MaskwrightError, match="not a readable JSON file"):
        subject_of(str(tmp_path / "note.txt"))


def test_an_image_is_normalised_by_the_whole_it_was_cut_from():
    image = np.zeros((20, 20, 3), np.uint8)
    image[10:] = 100
    brought = named("unet").brought(image[12:18, 2:9], image)
    assert brought.shape == (1, 3, 6, 7)
    assert brought.allclose(torch.ones(()))  # mean 50, deviation 50
