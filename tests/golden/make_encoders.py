"""Maps of torchvision's and timm's classifiers at every stride, on weights and an image by formula. See README.md."""

import json
from collections.abc import Callable
from pathlib import Path

import cpu_torchvision  # noqa: F401  before torchvision
import numpy as np
import timm
import torch
import torchvision
from fill import fill, image, sample
from torch import nn

FOLDER = Path(__file__).parent
SIZE_HW = (64, 96)
BEFORE_POOLING = ("features.3", "features.8", "features.15", "features.22", "features.29")
RESNET_MAPS = ("relu", "layer1", "layer2", "layer3", "layer4")
EFFICIENTNET_MAPS = tuple(f"blocks.{stage}" for stage in (0, 1, 2, 4, 6))


def dilated_resnet50(stages: list[bool]) -> nn.Module:
    """A ResNet-50 whose last stages dilate instead of striding."""
    return torchvision.models.resnet50(replace_stride_with_dilation=stages)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[str, ...]]] = {
    "vgg16": (torchvision.models.vgg16, (*BEFORE_POOLING, "features.30")),
    "resnet18": (torchvision.models.resnet18, RESNET_MAPS),
    "resnet34": (torchvision.models.resnet34, RESNET_MAPS),
    "resnet50": (torchvision.models.resnet50, RESNET_MAPS),
    "resnet50-stride16": (lambda: dilated_resnet50([False, False, True]), RESNET_MAPS),
    "resnet50-stride8": (lambda: dilated_resnet50([False, True, True]), RESNET_MAPS),
    "resnet101": (torchvision.models.resnet101, RESNET_MAPS),
    # timm's "efficientnet_lite0" has the same names, but pads evenly and has another epsilon than the original.
    "efficientnet-lite0": (lambda: timm.create_model("tf_efficientnet_lite0"), EFFICIENTNET_MAPS),
}


def maps_of(network: nn.Module, layers: tuple[str, ...]) -> list[np.ndarray]:
    """What the layers give when they are called for the first time."""
    seen: dict[str, np.ndarray] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(layer: nn.Module, inputs: object, output: torch.Tensor) -> None:
            seen.setdefault(name, output.numpy().copy())  # a copy, as a layer after it may work in place

        return hook

    for name in layers:
        network.get_submodule(name).register_forward_hook(keep(name))
    with torch.no_grad():
        network.eval()(torch.from_numpy(image(1, 3, *SIZE_HW)))
    return [seen[name] for name in layers]


def main() -> None:
    for name, (make, layers) in NETWORKS.items():
        network = make()
        if name == "vgg16":
            network.classifier = nn.Identity()  # its hundred million weights decide nothing about the maps
        shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
        network.load_state_dict({key: torch.from_numpy(value) for key, value in fill(shapes).items()})
        maps = maps_of(network, layers)
        arrays = {f"map{n}": sample(values) for n, values in enumerate(maps)}
        np.savez_compressed(FOLDER / f"{name}.npz", shapes=json.dumps(shapes), **arrays)
        print(name, [(values.shape, float(values.std())) for values in maps])


if __name__ == "__main__":
    main()
