"""A network watched while it runs on tensors without content: each operation, what it takes, and what its map depends on."""

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from maskwright.base.errors import MaskwrightError
from maskwright.nn.layer import IMAGE, Layer
from maskwright.nn.operations import CARRIES, PIXELWISE, WHOLE, kind_of
from maskwright.nn.reach import Reach, union
from maskwright.nn.taps import RULES


def watch(network: nn.Module, channels: int, size_hw: tuple[int, int]) -> "Trace":
    """The trace of a copy of the network, in evaluation mode, on one image of this size."""
    network = copy.deepcopy(network).to("meta", torch.float32).eval()
    trace = Trace()
    image = torch.empty(1, channels, *size_hw, device="meta")
    trace.maps[image] = Reached(IMAGE, Reach.of_image(size_hw[0]), Reach.of_image(size_hw[1]))
    with torch.no_grad(), _announced(network, trace), trace:
        output = network(image)
    output = output[0] if isinstance(output, list) else output  # of several maps the first, as heads into boxes take them
    trace.last = trace.maps[output] if isinstance(output, Tensor) and output in trace.maps else None
    return trace


@dataclass(frozen=True, eq=False)
class Reached:
    """What is known of a tensor: the step that made it, and what it depends on."""

    step: int
    rows: Reach
    columns: Reach
    sees_all: bool = False


@dataclass(eq=False)
class Call:
    """A module at work: the first step since it began, and its own where it is one layer."""

    name: str
    module: nn.Module
    began: int
    step: int | None = None


@dataclass(eq=False, kw_only=True)
class Step:
    """A layer as far as it has been seen; a module without children may be several operations."""

    name: str
    kind: str
    operation: str
    block: str
    weights: int
    shape_in: tuple[int, int, int]
    shape_out: tuple[int, int, int] = (0, 0, 0)
    inputs: list[int] = field(default_factory=list)
    macs: int = 0
    dilation: int = 1
    stride: float | None = None
    field_hw: tuple[int, int] = (0, 0)
    sees_all: bool = False

    def layer(self) -> Layer:
        """What is kept of it."""
        return Layer(**(vars(self) | {"inputs": tuple(self.inputs)}))


@contextmanager
def _announced(network: nn.Module, trace: "Trace") -> Iterator[None]:
    """Every module below the network tells the trace when it begins and ends."""
    handles = []
    for name, module in network.named_modules():
        if module is not network:
            handles.append(module.register_forward_pre_hook(trace.begin(name)))
            handles.append(module.register_forward_hook(trace.end))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class Trace(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operation that the network asks PyTorch for, and keeps what each layer does."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.maps = WeakTensorKeyDictionary()
        self.steps: list[Step] = []
        self.calls: list[Call] = []
        self.counted: set[nn.Module] = set()
        self.last: Reached | None = None  # of the network's output

    def begin(self, name: str) -> Callable[[nn.Module, Any], None]:
        return lambda module, inputs: self.calls.append(Call(name, module, len(self.steps)))

    def end(self, module: nn.Module, inputs: Any, output: Any) -> None:
        """A module from one map to one is a block if it joins no others and changes the resolution once at most."""
        call = self.calls.pop()
        inside = self.steps[call.began :]
        if len(inputs) != 1 or not isinstance(inputs[0], Tensor) or not isinstance(output, Tensor) or not inside:
            return
        shapes = [inside[0].shape_in, *(step.shape_out for step in inside)]
        changes = sum(not _alike(a, b) for a, b in pairwise(shapes))
        if changes <= 1 and not any(step.operation == "cat" and len(step.inputs) > 1 for step in inside):
            for step in inside:
                step.block = call.name

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        arguments = {argument.name: value for argument, value in zip(func._schema.arguments, args, strict=False)} | kwargs
        sources = [tensor for tensor in _tensors(arguments.values()) if tensor in self.maps]
        results = _tensors([result])
        if sources and results:
            self._saw(func, arguments, sources, results)
        return result

    def _saw(self, func: Any, arguments: Mapping[str, Any], sources: list[Tensor], results: list[Tensor]) -> None:
        operation = func.overloadpacket.__name__
        before: list[Reached] = [self.maps[source] for source in sources]
        if operation in CARRIES:
            for tensor in results:
                self.maps[tensor] = before[0]
            return
        output = results[0]
        reached = self._reached(func, operation, arguments, before, output)
        place = self._place(operation, arguments, sources[0], before)
        step = self.steps[place]
        new = dict.fromkeys(reach.step for reach in before)
        step.inputs += [source for source in new if source not in (*step.inputs, place)]
        step.shape_out, step.sees_all = _chw(output), reached.sees_all
        step.stride, step.field_hw = reached.rows.stride, (reached.rows.size, reached.columns.size)
        if operation == "convolution":
            grid = sources[0] if arguments["transposed"] else output
            step.macs += arguments["weight"].numel() * grid.shape[2] * grid.shape[3]
            step.dilation = max(step.dilation, *arguments["dilation"])
        self.maps[output] = replace(reached, step=place)

    def _reached(
        self, func: Any, operation: str, arguments: Mapping[str, Any], before: list[Reached], output: Tensor
    ) -> Reached:
        """What the output depends on."""
        sees_all = any(reach.sees_all for reach in before)
        if output.dim() == 4 and operation in WHOLE:
            return Reached(IMAGE, Reach.of_nothing(output.shape[2]), Reach.of_nothing(output.shape[3]), sees_all=True)
        if output.dim() == 4 and operation in RULES:
            rows, columns = (
                reach.through(RULES[operation](arguments, axis, len(reach.first), output.shape[2 + axis]))
                for axis, reach in enumerate((before[0].rows, before[0].columns))
            )
            return Reached(IMAGE, rows, columns, sees_all)
        if output.dim() == 4 and (torch.Tag.pointwise in func.tags or operation in PIXELWISE):
            rows, columns = union([reach.rows for reach in before]), union([reach.columns for reach in before])
            if (len(rows.first), len(columns.first)) == tuple(output.shape[2:]):
                return Reached(IMAGE, rows, columns, sees_all)
        where = f" in '{self.calls[-1].name}'" if self.calls else ""
        raise MaskwrightError(
            f"The network uses the operation '{operation}'{where}, giving {tuple(output.shape)}. Which pixels it mixes is not "
            "known, so the network cannot be inspected. Add a rule for it to maskwright/nn/taps.py."
        )

    def _place(self, operation: str, arguments: Mapping[str, Any], source: Tensor, before: list[Reached]) -> int:
        """The step that this operation belongs to: all of a module without children are one, and all cuts of one map."""
        call = self.calls[-1] if self.calls else None
        is_layer = call is not None and not any(call.module.children())
        last = len(self.steps) - 1
        if call is not None and call.step is not None:
            return call.step
        if operation == "slice" and last >= 0 and self.steps[last].operation == "slice" and before[0].step == last:
            return last
        name = call.name if call else ""
        self.steps.append(
            Step(
                name=name,
                kind=_kind_of_module(call.module) if call and is_layer else "",
                operation=operation.removesuffix("_"),
                block=name if is_layer else f"{name}:{last + 1}",
                weights=self._weights(call.module) if call else 0,
                shape_in=_chw(source),
            )
        )
        self.steps[-1].kind = self.steps[-1].kind or kind_of(operation, arguments, source)
        if call is not None and is_layer:
            call.step = last + 1
        return last + 1

    def _weights(self, module: nn.Module) -> int:
        """Its own weights, once."""
        if module in self.counted:
            return 0
        self.counted.add(module)
        return sum(weight.numel() for weight in module.parameters(recurse=False))


def _kind_of_module(module: nn.Module) -> str:
    """The name of a layer that is not PyTorch's own, in words; '' where its operation says it better."""
    if type(module).__module__.startswith("torch."):
        return ""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(module).__name__).lower()


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    """All tensors among the values, and in lists among them."""
    flat = (item for value in values for item in (value if isinstance(value, list | tuple) else [value]))
    return [item for item in flat if isinstance(item, Tensor)]


def _chw(tensor: Tensor) -> tuple[int, int, int]:
    return tensor.shape[1], tensor.shape[2], tensor.shape[3]


def _alike(a: tuple[int, int, int], b: tuple[int, int, int]) -> bool:
    """Whether two maps have one resolution: unpadded convolutions and crops take a little off, pooling halves."""
    return all(max(pair) < 1.5 * min(pair) for pair in zip(a[1:], b[1:], strict=True))
