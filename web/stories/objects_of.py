"""Print the nuclei that come with the package as proposals, for the stories: python objects_of.py MASKS_FOLDER."""

import json
import sys
from pathlib import Path

import numpy as np

from maskwright.formats.images import read_image
from maskwright.masks.box_runs import text_of
from maskwright.masks.region import Region

path = next(Path(sys.argv[1]).glob("*.png"))
ids = read_image(path)
ids = ids[..., 0] if ids.ndim == 3 else ids
found = []
for number, id in enumerate(np.unique(ids)[1:]):
    region = Region.of_mask(ids == id)
    score = round(0.99 - 0.4 * (number % 10) / 10, 3)
    found.append({"box": list(region.box_xyxy), "runs": text_of(region), "score": score, "assistant": "story"})
json.dump(found, sys.stdout)
