"""A worker of a Ray cluster: it loads the run once, predicts one part of the images after the other, and says how far it is."""

import os
import socket
from importlib.metadata import version
from pathlib import Path
from typing import Any

from maskwright.base.errors import MaskwrightError
from maskwright.engine.predict import Predictor, load
from maskwright.engine.predict_folder import predict_folder
from maskwright.engine.predict_worker import told


class RayWorker:
    """What Ray makes an actor of. Its methods take and give JSON values, so that the two sides share nothing but words."""

    def __init__(self, run: str, chosen: dict[str, Any]) -> None:
        """chosen: what `predict.load` takes beside the run."""
        self._run, self._chosen = run, chosen
        self._predictor: Predictor | None = None
        self._at = 0

    def looks(self, paths: list[str]) -> dict[str, Any]:
        """Who this is, and which of these paths it does not see."""
        return {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": version("maskwright"),
            "missing": [path for path in paths if not Path(path).exists()],
        }

    def at(self) -> int:
        """How many images of the present part are done."""
        return self._at

    def predict(self, images: list[str], out: str, shard: tuple[int, int], options: dict[str, Any]) -> dict[str, Any]:
        """Predict a part of the images; what `predict_worker.told` makes of the report, or the error."""
        self._at = 0
        try:
            if self._predictor is None:
                self._predictor = load(self._run, **self._chosen, images=[Path(path) for path in images])
            report = predict_folder(self._predictor, images, out, shard=shard, progress=self._count, **options)
        except MaskwrightError as error:
            return {"error": str(error)}
        return told(report)

    def _count(self, done: int, of: int) -> None:
        self._at = done
