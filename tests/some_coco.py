"""COCO files of instances for the tests that read them."""

import json

from maskwright.formats import coco

SQUARE = [1, 1, 5, 1, 5, 4, 1, 4]


def annotation(id=1, **fields):
    return {"id": id, "image_id": 7, "category_id": 3, "segmentation": [SQUARE], "bbox": [1, 1, 4, 3], "iscrowd": 0, **fields}


def described(*annotations, **fields):
    """An instances file of one image of 8 x 6 pixels."""
    images = [{"id": 7, "file_name": "a.png", "width": 8, "height": 6}]
    categories = [{"id": 9, "name": "debris"}, {"id": 3, "name": "cell"}]
    return {"images": images, "annotations": list(annotations), "categories": categories, **fields}


def read(tmp_path, value):
    path = tmp_path / "instances.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return coco.read(path)
