"""Write a large image of many cells, and print their masks as changes, for a story: python crowd.py SIDE OBJECTS IMAGE.png."""

import json
import sys

import numpy as np
from PIL import Image

from maskwright.masks.box_runs import text_of
from maskwright.masks.region import Region

Image.MAX_IMAGE_PIXELS = None
side, count, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rng = np.random.default_rng(0)
image = rng.integers(20, 40, (side, side), dtype=np.uint8)
across = int(np.ceil(np.sqrt(count)))
step = side / across
changes = []
for number in range(count):
    cx, cy = ((number % across) + 0.5) * step, ((number // across) + 0.5) * step
    a, b, angle = *rng.uniform(0.28, 0.46, 2) * step, rng.uniform(0, np.pi)
    x0, y0, x1, y1 = int(cx - step / 2), int(cy - step / 2), int(cx + step / 2), int(cy + step / 2)
    y, x = np.mgrid[y0:y1, x0:x1] + 0.5
    u, v = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle), (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
    pixels = (u / a) ** 2 + (v / b) ** 2 < 1
    image[y0:y1, x0:x1][pixels] += np.uint8(rng.integers(60, 180))
    region = Region((x0, y0, x1, y1), pixels)
    mask = {"box": list(region.box_xyxy), "runs": text_of(region)}
    changes.append({"object": f"cell-{number}", "set": {"class_id": 1 + number % 2}, "mask": mask})
Image.fromarray(image).save(path, compress_level=1)
json.dump(changes, sys.stdout)
