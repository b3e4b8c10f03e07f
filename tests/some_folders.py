"""Images and masks in a folder for the tests of the mask doctor, and one finding of its report."""

from pathlib import Path

import numpy as np
import tifffile
from PIL import Image


def picture(seed, size_hw=(64, 80)):
    return np.random.default_rng(seed).integers(0, 255, size_hw, np.uint8)


def square(value=255, size_hw=(64, 80)):
    mask = np.zeros(size_hw, np.uint8)
    mask[20:40, 20:50] = value
    return mask


def put(folder: Path, name: str, array, **options) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".tif":
        tifffile.imwrite(path, array)
    else:
        Image.fromarray(array).save(path, **options)
    return path


def finding(report, code):
    found = [one for one in report.findings if one.code == code]
    assert len(found) == 1, f"{code} is not once in {[one.code for one in report.findings]}"
    return found[0]
