"""From a folder of images to masks you can trust, on the machine you have.

The verbs are those of the command line: `read`, `check`, `plan`, `train`, `load`, `evaluate`, `report`. Each is imported when
it is first used, so that `import maskwright` takes no time and needs no torch.
"""

from importlib import import_module
from typing import Any

# Empty packages, loaded here so that no later import puts them in the place of the verbs of the same name.
import maskwright.plan
import maskwright.report

del maskwright, plan, report  # type: ignore[name-defined]

_PUBLIC = {
    # verbs
    "read": "maskwright.data.dataset.read",
    "image": "maskwright.formats.images.read_image",
    "check": "maskwright.data.check.check",
    "split": "maskwright.data.split.split",
    "fingerprint": "maskwright.data.fingerprint.fingerprint",
    "plan": "maskwright.plan.make.plan",
    "train": "maskwright.engine.train.train",
    "resume": "maskwright.engine.train.resume",
    "load": "maskwright.engine.predict.load",
    "predict_folder": "maskwright.engine.predict_folder.predict_folder",
    "evaluate": "maskwright.engine.evaluate.evaluate",
    "score": "maskwright.engine.compare.score",
    "measure": "maskwright.masks.measure.measure",
    "pixel_size": "maskwright.masks.pixel_size.pixel_size",
    "compare_runs": "maskwright.engine.compare_runs.compare_runs",
    "report": "maskwright.engine.present.report",
    # what they take and give
    "Classes": "maskwright.masks.classes.Classes",
    "ClassInfo": "maskwright.masks.classes.ClassInfo",
    "IGNORE": "maskwright.masks.classes.IGNORE",
    "LabelMap": "maskwright.masks.types.LabelMap",
    "Instances": "maskwright.masks.types.Instances",
    "Panoptic": "maskwright.masks.types.Panoptic",
    "Segment": "maskwright.masks.types.Segment",
    "Region": "maskwright.masks.region.Region",
    "Sample": "maskwright.data.sample.Sample",
    "DataSet": "maskwright.data.dataset.DataSet",
    "Plan": "maskwright.plan.plan.Plan",
    "Score": "maskwright.metrics.scores.Score",
    "Scores": "maskwright.metrics.scores.Scores",
    "MaskwrightError": "maskwright.base.errors.MaskwrightError",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"maskwright has no '{name}'; it has {', '.join(_PUBLIC)}.")
    module, _, attribute = _PUBLIC[name].rpartition(".")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
