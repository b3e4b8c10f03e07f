"""A contact sheet of a data set: images with their masks painted over, to be looked at before anything is trained."""

import numpy as np
from jaxtyping import UInt8

from maskwright.base.errors import MaskwrightError
from maskwright.data.dataset import DataSet
from maskwright.masks.draw import contact_sheet, overlay, to_display


def sheet(data: DataSet, *, count: int = 24) -> UInt8[np.ndarray, "h w 3"]:
    """Overlays of up to `count` images, spread evenly over the data set; what cannot be read is a gray cell that says so."""
    pictures, captions = [], []
    for index in np.unique(np.linspace(0, len(data) - 1, min(count, len(data))).round().astype(int)).tolist():
        name = data.records[index].id
        try:
            sample = data[index]
        except MaskwrightError:
            pictures.append(np.full((64, 64, 3), 128, np.uint8))
            captions.append(f"{name}: cannot be read")
            continue
        shown = to_display(sample.image)
        pictures.append(shown if sample.segmentation is None else overlay(shown, sample.segmentation))
        captions.append(name)
    return contact_sheet(pictures, captions)
