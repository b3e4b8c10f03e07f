"""OpenVINO as the runtime: the parts of a network compiled for the processor, in bfloat16 where it has that."""

from collections.abc import Sequence
from io import BytesIO
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn

from maskwright.base.errors import MaskwrightError
from maskwright.base.openvino import core, installed, openvino
from maskwright.engine.runtimes.compiled import CompiledFolder
from maskwright.engine.runtimes.ready import Ready
from maskwright.nn.device import Precision
from maskwright.nn.fold import fold_batch_norm
from maskwright.nn.parts import Part, part_names, parts
from maskwright.nn.traceable import traced

NAME = "openvino"
DEVICE = "CPU"
EXAMPLE = 4  # strides of a network on which it is traced; what is traced holds for any size


def require() -> None:
    """Raises `MaskwrightError` where OpenVINO is not installed."""
    if installed() is None:
        raise MaskwrightError("OpenVINO is not installed: pip install 'maskwright[fast]'. Or leave --runtime openvino out.")


def ready(
    network: nn.Module, *, channels: int, stride: int, precision: Precision, folder: CompiledFolder | None = None
) -> Ready:
    """A copy of the network whose parts run in OpenVINO; what lies between them, such as RoIAlign, stays with torch.

    bf16 is used where the processor multiplies it, else fp32. What was compiled is kept in the folder and taken from there.
    Raises `MaskwrightError` where OpenVINO is not installed, or cannot run this network.
    """
    require()
    if precision == "bf16" and "BF16" not in core().get_property(DEVICE, "OPTIMIZATION_CAPABILITIES"):
        precision = "fp32"
    folded = fold_batch_norm(network).float().cpu().requires_grad_(False)
    try:
        running = _kept(folded, precision, folder)
        if running is None:
            examples = parts(folded, torch.zeros(1, channels, EXAMPLE * stride, EXAMPLE * stride))
            running = {part.name: _compiled(part, precision, folder) for part in examples}
    except Exception as error:  # OpenVINO has errors of its own, some of them plain RuntimeErrors
        reason = str(error).strip().splitlines()[-1]
        raise MaskwrightError(f"OpenVINO cannot run this network ({reason}). Predict with --runtime torch.") from error
    for name, run in running.items():
        folded.get_submodule(name).forward = run
    return Ready(folded, NAME, precision, torch.device("cpu"), torch.float32)


class Running:
    """A compiled part as a function of tensors: of one or a list of them, to one or several."""

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        self._lock = Lock()  # a request serves one call at a time

    def __call__(self, given: Tensor | Sequence[Tensor]) -> Tensor | list[Tensor]:
        """What torch would give, in single precision and in memory of its own."""
        tensors = [given] if isinstance(given, Tensor) else given
        with self._lock:
            found = self._request.infer([tensor.contiguous().numpy() for tensor in tensors], share_inputs=True)
            outputs = [torch.from_numpy(array) for array in found.to_tuple()]
        return outputs[0] if len(outputs) == 1 else outputs


def _kept(network: nn.Module, precision: Precision, folder: CompiledFolder | None) -> dict[str, Running] | None:
    """The parts as they were compiled before, if all of them are there and can be read."""
    if folder is None:
        return None
    running = {}
    for name in part_names(network):
        content = folder.load(name)
        if content is None:
            return None
        try:
            running[name] = Running(core().import_model(BytesIO(content), DEVICE, _settings(precision)))
        except Exception:  # of another version: it is made anew
            return None
    return running


def _compiled(part: Part, precision: Precision, folder: CompiledFolder | None) -> Running:
    compiled = core().compile_model(converted(part), DEVICE, _settings(precision))
    if folder is not None:
        folder.keep(part.name, compiled.export_model().getvalue())
    return Running(compiled)


def converted(part: Part) -> Any:
    """A part as a model of OpenVINO's.

    By its front end alone: the function that OpenVINO offers for it (`convert_model`) goes through its telemetry and traces
    three times.
    """
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    front_end = openvino().frontend.FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(traced(part.module, part.example, takes_list=part.takes_list))
    read = front_end.load(decoder)
    return front_end.convert(read)  # the decoder must live until here


def _settings(precision: Precision) -> dict[str, Any]:
    """One image after another, in the precision that was asked for, on as many threads as torch would use."""
    return {
        "INFERENCE_PRECISION_HINT": {"bf16": "bf16", "fp32": "f32"}[precision],
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "ENABLE_CPU_PINNING": False,  # others may be using the processor
    }
