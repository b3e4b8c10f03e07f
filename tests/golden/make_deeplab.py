"""Logits of torchvision's DeepLabv3 and of the head of segmentation-models-pytorch's DeepLabv3+, by formula. See README.md."""

import json
from pathlib import Path

import cpu_torchvision  # noqa: F401  before torchvision
import numpy as np
import torch
from fill import fill, image, sample
from segmentation_models_pytorch.decoders.deeplabv3.decoder import DeepLabV3PlusDecoder
from torch import Tensor, nn
from torchvision.models.segmentation import deeplabv3_resnet50

FOLDER = Path(__file__).parent
CLASSES = 5
SIZE_HW = (64, 320)  # wide, as the largest rate of 36 reaches only maps of more than 36 pixels: 320 / 8
WIDTH = 32  # of the v3+ head
WIDTHS = (3, 64, 64, 128, 256, 512)  # of the maps that a ResNet-18 hands over, the image first


def deeplabv3() -> nn.Module:
    """Torchvision's network, without a 3x3 convolution that it has after the pyramid and the paper has not."""
    network = deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=CLASSES, aux_loss=False)
    pyramid, _, _, _, scores = network.classifier
    network.classifier = nn.Sequential(pyramid, scores)
    return network


class DeepLabV3PlusHead(nn.Module):
    """All that follows the encoder, with two changes that make it the paper's but for its second 3x3 convolution.

    The 3x3 convolution between pyramid and upsampling is left out. Interpolation takes pixels as squares, as everywhere in
    torchvision, and not as points (`align_corners`).
    """

    def __init__(self) -> None:
        super().__init__()
        decoder = DeepLabV3PlusDecoder(WIDTHS, 5, WIDTH, (6, 12, 18), 16, aspp_separable=True, aspp_dropout=0.5)
        decoder.aspp = decoder.aspp[0]
        decoder.up = nn.Upsample(scale_factor=4, mode="bilinear")
        self.decoder = decoder
        self.head = nn.Sequential(nn.Conv2d(WIDTH, CLASSES, 1), nn.Upsample(scale_factor=4, mode="bilinear"))

    def forward(self, low_level: Tensor, coarsest: Tensor) -> Tensor:
        """Logits from the maps of stride 4 and 16."""
        return self.head(self.decoder([None, None, low_level, None, None, coarsest]))


def keep(name: str, network: nn.Module, *inputs: np.ndarray) -> None:
    """Fill the network, run it, and write what came out."""
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    network.load_state_dict({key: torch.from_numpy(value) for key, value in fill(shapes).items()})
    with torch.no_grad():
        output = network.eval()(*map(torch.from_numpy, inputs))
    logits = (output["out"] if isinstance(output, dict) else output).numpy()
    np.savez_compressed(FOLDER / f"{name}.npz", shapes=json.dumps(shapes), logits=sample(logits))
    print(name, logits.shape, float(logits.std()))


def main() -> None:
    height, width = SIZE_HW
    keep("deeplabv3", deeplabv3(), image(1, 3, height, width))
    keep(
        "deeplabv3plus-head",
        DeepLabV3PlusHead(),
        np.maximum(image(1, WIDTHS[2], height // 4, width // 4), 0),
        np.maximum(image(1, WIDTHS[5], height // 4, width // 4)[..., ::4, ::4], 0),
    )


if __name__ == "__main__":
    main()
