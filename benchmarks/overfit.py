"""Can Mask R-CNN learn what it is shown? Trained on a few images of `coco128_seg` without augmentation, and scored on these.

A network, a target or a loss that is wrong somewhere stays below a mask AP50 of 0.9 however long it trains. Run again, it goes
on where it was stopped.
"""

import argparse
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import maskwright as mw
from maskwright.base.files import write_json
from maskwright.engine.reading import Reading
from maskwright.formats.png import write_picture
from maskwright.masks.draw_objects import outlined
from maskwright.sampling.augment import Augmentation

ROOT = Path(__file__).resolve().parents[1]
RUN = ROOT / "runs" / "overfit"
WHOLE = "[640,640]"  # pixels that hold any of the images: what a crop cuts would be learned as what is left of it
RECORD = ROOT / "docs" / "results" / "records" / "overfit.json"


def main() -> None:
    """Train, score what was trained on, draw the masks that were found, and keep the scores."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path, help="folder of the data sets")
    arguments.add_argument("--images", type=int, default=16)
    arguments.add_argument("--steps", type=int, default=1200)
    arguments.add_argument("--out", type=Path, default=RUN)
    chosen = arguments.parse_args()
    every = Reading(path=chosen.data / "coco128_seg", format="coco").read(None)
    with_objects = (
        record for record, sample in zip(every.records, every, strict=True) if sample.segmentation and len(sample.segmentation)
    )
    shown = every.with_records(list(islice(with_objects, chosen.images)))
    if (chosen.out / "plan.json").exists():
        run = mw.resume(chosen.out, shown)
    else:
        changes = {"steps": str(chosen.steps), "validate_every": str(chosen.steps // 6), "crop_hw": WHOLE}
        plan = mw.plan(shown, shown, task="instance", model="mask-rcnn", changes=changes)
        plan = replace(plan, augmentation=Augmentation.off())
        run = mw.train(plan, shown, shown, out=chosen.out, listen=lambda entry: sys.stdout.write(f"{entry}\n"))
    predict = mw.load(run.folder)
    scores = mw.evaluate(predict, shown)
    for sample in shown:
        write_picture(chosen.out / "masks" / f"{sample.id}.png", outlined(sample.image, predict(sample.image)))
    write_json(RECORD, {"images": len(shown), "steps": chosen.steps, "rows": scores.to_json()["rows"]})


if __name__ == "__main__":
    main()
