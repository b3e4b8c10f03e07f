"""COCO files of single images joined into one: ids are counted anew, and only one part is in memory at a time."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from maskwright.base.errors import DataError
from maskwright.base.files import atomic_path, read_json


def join(path: Path, parts: Iterable[Path], *, has_ids: bool = True) -> None:
    """Write the file of all images and annotations of `parts`, in their order, atomically.

    has_ids: whether annotations have ids of their own, as objects do; that of a panoptic picture has none.

    Raises `DataError` where a part is no instances file or calls a category by another name than the parts before it.
    """
    images: list[dict[str, Any]] = []
    categories: dict[int, dict[str, Any]] = {}
    count = 0
    with atomic_path(Path(path)) as temporary, temporary.open("x", encoding="utf-8") as file:
        file.write('{"annotations":[')
        for part in parts:
            value = _part(part)
            for category in value["categories"]:
                if categories.setdefault(category["id"], category) != category:
                    raise DataError(f"{part}: the category {category['id']} is called otherwise in the files before it.")
            numbers = {image["id"]: len(images) + place for place, image in enumerate(value["images"], 1)}
            images += [{**image, "id": numbers[image["id"]]} for image in value["images"]]
            for annotation in value["annotations"]:
                file.write("," if count else "")
                count += 1
                own = {"id": count} if has_ids else {}
                file.write(_text({**annotation, **own, "image_id": numbers[annotation["image_id"]]}))
        rest = {"images": images, "categories": [categories[id] for id in sorted(categories)]}
        file.write("]," + _text(rest)[1:] + "\n")


def _part(path: Path) -> dict[str, Any]:
    value = read_json(path)
    if not isinstance(value, dict) or not {"images", "annotations", "categories"} <= value.keys():
        raise DataError(f"{path}: is not the COCO file of an image. Delete it and predict again.")
    return value


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
