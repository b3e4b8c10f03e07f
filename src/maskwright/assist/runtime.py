"""Networks in ONNX files, run by OpenVINO where it is installed and by ONNX Runtime else; nothing in them is unpickled."""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from maskwright.base.errors import MaskwrightError, WeightsError
from maskwright.base.openvino import core

Arrays = Mapping[str, Float32[np.ndarray, "..."]]
Runs = Callable[[Arrays], list[Float32[np.ndarray, "..."]]]  # from inputs by name to the outputs that were asked for

RUNTIMES = ("openvino", "onnxruntime")
NONE = "Neither OpenVINO nor ONNX Runtime is installed, and one must be to run this network: pip install 'maskwright[fast]'."
FLOAT = 1  # TensorProto.FLOAT


def runtimes() -> tuple[str, ...]:
    """The runtimes that are installed, the preferred first."""
    return tuple(name for name in RUNTIMES if find_spec(name) is not None)


def open_network(path: Path, *, outputs: Sequence[str] = (), runtime: str | None = None) -> Runs:
    """The network of a file. With `outputs`, tensors of its inside by name are what it answers, and nothing after them is run.

    Raises `MaskwrightError` where no runtime is installed and `WeightsError` where the file is no such network.
    """
    available = runtimes()
    if not available or (runtime is not None and runtime not in available):
        raise MaskwrightError(NONE if runtime is None else f"{runtime} is not installed: pip install {runtime}.")
    try:
        content = path.read_bytes() + b"".join(map(_as_output, outputs))
        return {"openvino": _openvino, "onnxruntime": _onnxruntime}[runtime or available[0]](content, outputs)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except Exception as error:  # each runtime has errors of its own, some of them plain RuntimeErrors
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise WeightsError(f"{path}: is no network that can be run here ({reason}). Fetch the file anew.") from error


def _openvino(content: bytes, outputs: Sequence[str]) -> Runs:
    model = core().read_model(content)
    if outputs:
        for result in model.get_results():
            if not result.input(0).get_tensor().get_names() & set(outputs):
                model.remove_result(result)
    compiled = core().compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    wanted = [compiled.output(name) for name in outputs] if outputs else list(compiled.outputs)
    known = [sorted(port.get_names()) for port in compiled.inputs]

    def run(inputs: Arrays) -> list[Any]:
        request = compiled.create_infer_request()  # so that threads may call it at once
        found = request.infer(_named(inputs, known))
        return [np.array(found[port], np.float32) for port in wanted]

    return run


def _onnxruntime(content: bytes, outputs: Sequence[str]) -> Runs:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    known = [[port.name] for port in session.get_inputs()]

    def run(inputs: Arrays) -> list[Any]:
        found = session.run(list(outputs) or None, _named(inputs, known))
        return [np.asarray(value, np.float32) for value in found]

    return run


def _named(inputs: Arrays, known: Sequence[Sequence[str]]) -> dict[str, Any]:
    """What is given to each input of a network, all of whose names are known; one alone may have any name there."""
    if len(inputs) == len(known) == 1:
        return {known[0][0]: next(iter(inputs.values()))}
    wanted = {name: names[0] for names in known for name in names}
    return {wanted[name]: value for name, value in inputs.items() if name in wanted}


def _as_output(name: str) -> bytes:
    """What makes a tensor of a network's inside one of its outputs when it stands behind the network's file.

    An ONNX file is a protocol buffer, and by that format's rule messages that stand behind each other are one, whose lists are
    joined: ModelProto.graph (7) . output (12) = ValueInfoProto(name (1), type (2) . tensor_type (1) . elem_type (1)).
    """
    value_type = _field(2, _field(1, bytes([1 << 3, FLOAT])))
    return _field(7, _field(12, _field(1, name.encode()) + value_type))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])
