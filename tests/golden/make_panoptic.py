"""Panoptic quality of drawn maps as hotcoco computes it, which is held against panopticapi. See README.md."""

import json
import tempfile
from pathlib import Path

import numpy as np
from hotcoco.panoptic import PanopticEval
from panoptic_cases import NAMES, THINGS, Map, pairs
from PIL import Image

OUT = Path(__file__).parent / "panoptic-quality.json"


def write(path: Path, maps: list[Map]) -> Path:
    """A COCO panoptic file with its pictures."""
    path.with_suffix("").mkdir()
    annotations = []
    for number, (ids, class_of, crowds) in enumerate(maps, 1):
        name = f"{number}.png"
        colors = np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)
        Image.fromarray(colors).save(path.with_suffix("") / name)
        segments = [
            {"id": id, "category_id": class_id + 1, "area": int((ids == id).sum()), "iscrowd": int(id in crowds)}
            for id, class_id in class_of.items()
        ]
        annotations.append({"image_id": number, "file_name": name, "segments_info": segments})
    images = [{"id": i, "file_name": f"{i}.png", "height": len(m[0]), "width": len(m[0])} for i, m in enumerate(maps, 1)]
    categories = [{"id": i, "name": name, "isthing": int(name in THINGS)} for i, name in enumerate(NAMES, 1)]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


def main() -> None:
    drawn = pairs()
    with tempfile.TemporaryDirectory() as folder:
        truth = write(Path(folder) / "truth.json", [pair[0] for pair in drawn])
        prediction = write(Path(folder) / "prediction.json", [pair[1] for pair in drawn])
        evaluation = PanopticEval(truth, prediction)
        evaluation.evaluate()
        results = evaluation.results()
        assert results["provenance"] == "parity_verified", results["reference_deviations"]
    kept = {key: results[key] for key in ("All", "Things", "Stuff", "per_class")}
    OUT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
