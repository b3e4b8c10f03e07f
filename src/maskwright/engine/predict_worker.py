"""The process of a worker: it predicts its share of the images, says on each line how far it is, and at the end what failed."""

import json
import sys
from pathlib import Path
from typing import Any

from maskwright.base.errors import MaskwrightError
from maskwright.engine.predict import load
from maskwright.engine.predict_folder import PredictionReport, predict_folder


def main() -> int:
    """Predict what the argument, a JSON object, asks for."""
    asked = json.loads(sys.argv[1])
    how = {name: asked.pop(name) for name in ("device", "runtime", "precision")}
    predictor = load(asked.pop("run"), **how, images=asked["images"])
    shard = tuple(asked.pop("shard"))
    try:
        report = predict_folder(predictor, asked.pop("images"), asked.pop("out"), shard=shard, progress=_tell, **asked)
    except MaskwrightError as error:
        _say({"error": str(error), "exit_code": error.exit_code})
        return error.exit_code
    _say(told(report))
    return 0


def told(report: PredictionReport) -> dict[str, Any]:
    """A report as a JSON value, without the file of all objects, which is made of all workers' together."""
    return {
        "done": list(map(str, report.done)),
        "skipped": list(map(str, report.skipped)),
        "failed": [[str(failure.image), failure.reason] for failure in report.failed],
        "hidden": report.hidden_pixels,
        "elsewhere": list(map(str, report.elsewhere)),
    }


def _tell(done: int, of: int) -> None:
    _say({"at": done, "of": of})


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, default=lambda each: each.as_posix() if isinstance(each, Path) else str(each)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
