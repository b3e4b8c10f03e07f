"""PyTorch's operations on maps: which of them mix pixels, and what they are called."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

# Operations without a rule of their own that mix no pixels. Statistics of normalisations are left out.
PIXELWISE = {"native_batch_norm", "native_group_norm", "native_layer_norm", "cat", "native_dropout", "_softmax", "_log_softmax"}
CARRIES = {"alias", "detach", "clone", "_to_copy", "split"}  # the same map again
WHOLE = {"mean", "amax", "adaptive_max_pool2d", "_adaptive_avg_pool2d"}  # one value for the whole map, or for a share of it

WORDS = {
    "cat": "concatenation", "add": "addition", "mul": "multiplication", "slice": "crop",
    "native_batch_norm": "batch norm", "native_group_norm": "group norm", "native_layer_norm": "layer norm",
    "relu": "ReLU", "hardtanh": "ReLU6", "silu": "SiLU", "sigmoid": "sigmoid", "_softmax": "softmax", "mean": "mean of all",
    "adaptive_max_pool2d": "maximum of all", "_adaptive_avg_pool2d": "mean of all",
    "max_pool2d_with_indices": "max pooling", "avg_pool2d": "mean pooling",
    "upsample_bilinear2d": "bilinear", "upsample_nearest2d": "nearest", "pixel_shuffle": "pixel shuffle",
    "reflection_pad2d": "mirrored border", "replication_pad2d": "repeated border", "constant_pad_nd": "constant border",
}  # fmt: skip


def kind_of(operation: str, arguments: Mapping[str, Any], source: Tensor) -> str:
    """An operation in words."""
    name = operation.removesuffix("_")
    if name == "convolution":
        words = [_sides(arguments["weight"].shape[2:])]
        if max(arguments["stride"]) > 1:
            words.append(f"stride {_alike(arguments['stride'])}")
        if max(arguments["dilation"]) > 1:
            words.append(f"dilation {_alike(arguments['dilation'])}")
        if arguments["groups"] > 1:
            words.append("depthwise" if arguments["groups"] == source.shape[1] else f"{arguments['groups']} groups")
        return " ".join(["transposed conv" if arguments["transposed"] else "conv", *words])
    if name in ("max_pool2d_with_indices", "avg_pool2d"):
        return f"{WORDS[name]} {_sides(arguments['kernel_size'])}"
    return WORDS.get(name, name.strip("_").replace("_", " "))


def _sides(numbers: Any) -> str:
    """A kernel: '3x3'."""
    high, wide = (numbers[0], numbers[-1])
    return f"{high}x{wide}"


def _alike(numbers: Any) -> str:
    """A stride or dilation: one number where it is the same both ways."""
    return str(numbers[0]) if len(set(numbers)) == 1 else _sides(numbers)
