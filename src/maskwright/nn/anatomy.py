"""The layers of any network: shapes, weights, multiplications and receptive fields, without computing a single value."""

from dataclasses import replace

from torch import nn

from maskwright.base.errors import MaskwrightError
from maskwright.nn.layer import IMAGE, Layer
from maskwright.nn.trace import watch

LARGE = 4096  # pixels added to both sides of the image when fields are measured: a power of two keeps every padding as it is
LARGEST = 2**15  # a field that is still cut here grows with the image, as behind a map of fixed size

Box = tuple[int, int, int, int]  # top, left, bottom, right; half-open


def anatomy(network: nn.Module, *, channels: int, size_hw: tuple[int, int]) -> tuple[Layer, ...]:
    """Every layer in the order in which it runs on an image of this size.

    The network runs in evaluation mode on tensors without content, so any size costs nothing. Receptive fields are measured on
    an image large enough not to cut them; those that grow with the image are those of this size. Raises `MaskwrightError` where
    an operation moves pixels in a way that has no rule in `nn/taps.py`.
    """
    layers = [step.layer() for step in watch(network, channels, size_hw).steps]
    enlarged = LARGE
    while True:
        height, width = (length + enlarged for length in size_hw)
        large = [step.layer() for step in watch(network, channels, (height, width)).steps]
        if all(max(layer.field_hw) <= enlarged // 2 for layer in large) or enlarged >= LARGEST:
            return _with_fields(layers, large)
        enlarged *= 2


def field_box(network: nn.Module, *, channels: int, size_hw: tuple[int, int]) -> tuple[Box, bool]:
    """The box of input pixels that the output's centre pixel depends on, cut by the image; and whether it sees all besides."""
    trace = watch(network, channels, size_hw)
    if trace.last is None:
        raise MaskwrightError("The network's output does not depend on its input.")
    rows, columns = trace.last.rows, trace.last.columns
    y, x = len(rows.first) // 2, len(columns.first) // 2
    return (int(rows.first[y]), int(columns.first[x]), int(rows.last[y]) + 1, int(columns.last[x]) + 1), trace.last.sees_all


def _with_fields(layers: list[Layer], large: list[Layer]) -> tuple[Layer, ...]:
    """The layers with what a run on a larger image says better. Only a border that a small image needs is missing there."""
    waiting: dict[tuple[str, str], list[Layer]] = {}
    for layer in large:
        waiting.setdefault((layer.name, layer.operation), []).append(layer)
    done: list[Layer] = []
    for layer in layers:
        if same := waiting.get((layer.name, layer.operation)):
            like = same.pop(0)
            if max(like.field_hw) > LARGEST // 2:
                like = replace(layer, block=like.block)
            done.append(replace(layer, field_hw=like.field_hw, stride=like.stride, block=like.block))
        elif layer.inputs[0] == IMAGE:
            done.append(replace(layer, field_hw=(1, 1), stride=1.0))
        else:
            like = done[layer.inputs[0]]
            done.append(replace(layer, field_hw=like.field_hw, stride=like.stride, block=f"{layer.name}:{layer.operation}"))
    return tuple(done)
