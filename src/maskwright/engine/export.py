"""A run as one file for other programs: from an image to its classes or objects, compared with the run before it is written."""

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Num
from torch import nn

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import atomic_write, sha256
from maskwright.base.openvino import core, openvino
from maskwright.data.channels import with_channels
from maskwright.engine.evaluate import evaluate
from maskwright.engine.export_graph import ExportedMaps, ExportedObjects
from maskwright.engine.export_said import agreement, said
from maskwright.engine.predict import Predictor
from maskwright.engine.run import Run
from maskwright.engine.runtimes.int8 import Quantization, quantised
from maskwright.engine.runtimes.openvino import require
from maskwright.engine.weights import load_weights
from maskwright.masks.tiles import whole_tile
from maskwright.masks.types import Segmentation
from maskwright.nn.fit import fit_weights
from maskwright.plan.objective import detects, on_whole_images
from maskwright.plan.plan import Plan
from maskwright.tasks import task_of

To = Literal["onnx", "openvino"]

FORMAT = 1  # of the metadata; raised when a program that reads it could misread another
OPSET = 18  # of ONNX; RoIAlign of half pixels came with 16
PREFIX = "maskwright."
LEAST_AGREEMENT = 0.999  # of pixels with the same class, or in panoptic quality of objects
WHOLE = (1 << 20, 1 << 20)  # a tile as large as any image
SUFFIXES = {"onnx": ".onnx", "openvino": ".xml"}
MORE_OUTPUTS = {"instance": ("outline", "depth"), "panoptic": ("center", "offset down", "offset right")}

Runs = Callable[[np.ndarray], tuple[Any, ...]]


@dataclass(frozen=True)
class Export:
    """What was written, and how far it agrees: with the network in single precision on whole images, and with the run as it is.

    The run may work in bfloat16 and by tiles, which a file does not.
    """

    path: Path
    images: int
    agreement: float
    with_run: float
    by: str  # what the agreement counts
    scores: tuple[float, float] | None = None  # of the file in single precision and in 8-bit integers, where it is the latter


def export(
    run: Path | str, out: Path | str, *, to: To, images: Sequence[Num[np.ndarray, "_ _ c"]], least: float = LEAST_AGREEMENT,
    int8: Quantization | None = None,
) -> Export:  # fmt: skip
    """Write the best network of a run, whole: normalisation, network, what follows it, and what it all means.

    It takes an image (h, w, c) as float32 with the values of its file, of any size, and all of it at once. `images` are real
    ones, on which the file is run before it gets its name. Raises `MaskwrightError` where it agrees with the run on less than
    `least`, where a library is missing, or without images.

    int8: write the network in 8-bit integers, for OpenVINO, if that lowers its score by no more than is permitted. Raises
    `MaskwrightError` with both scores where it does.
    """
    out = Path(out)
    if not images:
        raise MaskwrightError(f"{out}: without an image the file cannot be compared with the run. Give some with --images.")
    if out.suffix != SUFFIXES[to]:
        raise MaskwrightError(f"{out}: such a file ends in {SUFFIXES[to]}. Give another --out, or another --to.")
    if int8 is not None and to != "openvino":
        raise MaskwrightError(f"{out}: 8-bit networks are written for OpenVINO. Add --to openvino, or leave out --int8.")
    opened = Run.open(Path(run))
    plan, network = opened.plan, task_of(opened.plan).network()
    fit_weights(network, load_weights(opened.best_path)[0], opened.best_path)
    content = _described(_onnx(_exported(plan, network, opened.settled)), _about(plan, opened))
    runs = {"onnx": _in_onnxruntime, "openvino": _in_openvino}[to](content)
    exact = Predictor(replace(plan, precision="fp32"), network, device=torch.device("cpu"), settled=opened.settled)
    exact.choice = replace(exact.choice, tile_hw=WHOLE)
    usual = Predictor(plan, network, device=torch.device("cpu"), settled=opened.settled)
    expected = [exact(image) for image in images]
    found = [InFile(exact, runs)(image) for image in images]
    agreed, by = agreement(list(zip(expected, found, strict=True)))
    if not agreed >= least:
        raise MaskwrightError(f"{out}: was not written, for it agrees with the run on {agreed:.3%} of {by} only.")
    scores = None
    if int8 is not None:
        content, scores = _in_integers(out, content, exact, int8)
        runs = _in_openvino(content)
        found = [InFile(exact, runs)(image) for image in images]
        agreed, by = agreement(list(zip(expected, found, strict=True)))
    with_run, _ = agreement(list(zip(map(usual, images), found, strict=True)))
    _write(out, content, to)
    return Export(out, len(images), agreed, with_run, by, scores)


def _in_integers(out: Path, content: bytes, exact: Predictor, int8: Quantization) -> tuple[Any, tuple[float, float]]:
    """OpenVINO's model in 8-bit integers, and the score of the file without and with them."""
    plan = exact.plan
    examples = [with_channels(image, plan.channels, name="this image") for image in int8.examples()]
    model = quantised(core().read_model(content), examples)
    before, after = (evaluate(InFile(exact, _in_openvino(each)), int8.val).headline_row for each in (content, model))
    if not before.value - after.value <= int8.most_drop:
        raise MaskwrightError(
            f"{out}: was not written, for 8-bit integers cost too much: {before.metric} of {before.subject} is "
            f"{after.value:.4f} with them and {before.value:.4f} without, on {len(int8.val)} images. Leave out --int8, or "
            "permit more with --max-drop."
        )
    return model, (before.value, after.value)


def _exported(plan: Plan, network: nn.Module, settled: dict[str, Any] | None) -> nn.Module:
    if not detects(plan):
        return ExportedMaps(plan, on_whole_images(plan, network))
    confidence = getattr(task_of(plan, settled), "confidence", None)  # a Panoptic FPN merges everything it finds
    return ExportedObjects(plan, network, 0.0 if confidence is None else confidence.least_score)


def _onnx(module: Any) -> bytes:
    """By torch's exporter of traces: the newer one needs shapes that it can reason about."""
    content = BytesIO()
    example = torch.rand(96, 128, module.channels, generator=torch.Generator().manual_seed(0)) * 255
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(  # which takes a file that is open too
                module.eval().requires_grad_(False), (example,), content, dynamo=False, opset_version=OPSET,  # type: ignore[arg-type]
                input_names=["image"], output_names=list(module.names), dynamic_axes={"image": {0: "height", 1: "width"}},
            )  # fmt: skip
        except ImportError as error:
            raise MaskwrightError("Exporting needs onnx: pip install 'maskwright[export]'.") from error
    return content.getvalue()


def _about(plan: Plan, run: Run) -> dict[str, str]:
    """What a program that runs the file has to know, as text or JSON by fixed names."""
    names = [info.name for info in plan.classes]
    kind = "maps" if not detects(plan) else "objects"
    about: dict[str, Any] = {
        "format": FORMAT,
        "version": version("maskwright"),
        "task": plan.task,
        "kind": kind,
        "classes": [{"name": info.name, "color": list(info.color), "is_thing": info.is_thing} for info in plan.classes],
        "input": {"name": "image", "type": "float32", "axes": "height, width, channels", "channels": plan.channels},
        "normalization": asdict(plan.normalization),
        "network": plan.model.title,
        "settled": run.settled or {},
        "weights": sha256(run.best_path),
    }
    if kind == "maps":
        about["maps"] = [*names, *MORE_OUTPUTS.get(plan.task, ())]
    elif plan.task == "panoptic":
        about["stuff"] = [*(info.name for info in plan.classes if not info.is_thing), "any thing"]
    return {PREFIX + key: value if isinstance(value, str) else json.dumps(value) for key, value in about.items()}


def _described(content: bytes, about: dict[str, str]) -> bytes:
    import onnx

    model = onnx.load_model_from_string(content)
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model)
    described: bytes = model.SerializeToString()
    return described


def _in_onnxruntime(content: bytes) -> Runs:
    try:
        import onnxruntime
    except ImportError as error:
        raise MaskwrightError(
            "A file is compared with its run in ONNX Runtime, which is missing: pip install 'maskwright[export]'."
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda image: tuple(session.run(None, {"image": image}))


def _in_openvino(content: Any) -> Runs:
    """Of an ONNX file, or of a model of OpenVINO's."""
    require()
    model = core().read_model(content) if isinstance(content, bytes) else content
    compiled = core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda image: tuple(np.array(value) for value in compiled([image]).to_tuple())


class InFile:
    """An exported file that predicts as its run does."""

    def __init__(self, exact: Predictor, runs: Runs) -> None:
        self.plan, self.task, self._runs = exact.plan, exact.task, runs

    def __call__(self, image: Num[np.ndarray, "h w c"]) -> Segmentation:
        """What is sure enough of what the file's outputs lead to."""
        return self.task.confident(self.ranked(image))

    def ranked(self, image: Num[np.ndarray, "h w c"]) -> Segmentation:
        """All that the file's outputs lead to, however unsure."""
        image = with_channels(image, self.plan.channels, name="this image")
        size_hw = (image.shape[0], image.shape[1])
        outputs = said(self._runs(image.astype(np.float32)), size_hw, self.plan)
        return self.task.merge([(whole_tile(size_hw), outputs)], size_hw)


def _write(out: Path, content: Any, to: To) -> None:
    """OpenVINO keeps the weights in a file of their own beside the other."""
    if to == "onnx":
        atomic_write(out, content)
        return
    with TemporaryDirectory() as place:
        model = core().read_model(content) if isinstance(content, bytes) else content
        openvino().save_model(model, Path(place) / "model.xml", compress_to_fp16=False)
        for suffix in (".bin", ".xml"):
            atomic_write(out.with_suffix(suffix), (Path(place) / f"model{suffix}").read_bytes())
