"""Dense layers as convolutions with the same numbers, so that a classifier of crops scores every place of a larger image."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from maskwright.base.errors import WeightsError
from maskwright.nn.encoders.vgg import VGG16

DENSE_LAYERS = ("classifier.0", "classifier.3", "classifier.6")  # torchvision's names; ReLU and dropout lie between them
LAST_MAP_HW = (7, 7)  # of VGG16 and an image of 224x224


def convolutionalize(linear: nn.Linear, channels: int, size_hw: tuple[int, int]) -> nn.Conv2d:
    """The convolution that gives at every window of a map what `linear` gives of that window (arXiv:1411.4038, section 3.1).

    `linear` takes windows of `channels` channels and `size_hw` pixels, flattened. A map of just that size becomes one pixel:
    the output of the dense layer. Both share their memory.
    """
    height, width = size_hw
    if linear.in_features != channels * height * width:
        raise WeightsError(
            f"A dense layer of {linear.in_features} inputs does not fit {channels} channels of {height}x{width} pixels, "
            f"which are {channels * height * width} values."
        )
    outside = linear.out_features
    conv = nn.Conv2d(channels, outside, size_hw, bias=linear.bias is not None, device="meta")
    conv.weight = nn.Parameter(linear.weight.detach().view(outside, channels, height, width))
    if linear.bias is not None:
        conv.bias = nn.Parameter(linear.bias.detach())
    return conv


class ConvolutionalVGG16(nn.Module):
    """VGG16 as a classifier of every 224x224 window of an image, one each 32 pixels (arXiv:1411.4038, figure 2)."""

    def __init__(self, encoder: VGG16, classifier: nn.Sequential) -> None:
        super().__init__()
        self.encoder = encoder
        self.classifier = classifier

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h1 w1"]:
        """Logits of the classes: one pixel for an image of 224x224, a coarse heat map for a larger one.

        The sides are multiples of 32, from 224 on. A window of a larger image sees what surrounds it where a crop would see the
        zeros of the padding.
        """
        logits: Tensor = self.classifier(self.encoder(image)[-1])
        return logits


def convolutional_vgg16(state: Mapping[str, Tensor]) -> ConvolutionalVGG16:
    """torchvision's VGG16 with its dense layers as a 7x7 and two 1x1 convolutions, from its state dict, whose memory it shares.

    Dropout, which a prediction does not have, is left out.
    """
    needed = [f"{layer}.{part}" for layer in ("features.0", *DENSE_LAYERS) for part in ("weight", "bias")]
    missing = [name for name in needed if name not in state]
    if missing:
        raise WeightsError(
            f"These weights are not those of torchvision's VGG16 with its classifier: {', '.join(missing)} missing."
        )
    with torch.device("meta"):
        encoder = VGG16(channels=state["features.0.weight"].shape[1])
    try:
        encoder.load_state_dict({name: weights for name, weights in state.items() if name.startswith("features.")}, assign=True)
    except RuntimeError as error:
        raise WeightsError(f"These weights are not those of torchvision's VGG16. {error}") from error
    first, second, last = (_dense(state, layer) for layer in DENSE_LAYERS)
    return ConvolutionalVGG16(
        encoder,
        nn.Sequential(
            convolutionalize(first, encoder.widths[-1], LAST_MAP_HW),
            nn.ReLU(inplace=True),
            convolutionalize(second, first.out_features, (1, 1)),
            nn.ReLU(inplace=True),
            convolutionalize(last, second.out_features, (1, 1)),
        ),
    )


def _dense(state: Mapping[str, Tensor], name: str) -> nn.Linear:
    outside, inside = state[f"{name}.weight"].shape
    linear = nn.Linear(inside, outside, device="meta")
    linear.load_state_dict({part: state[f"{name}.{part}"] for part in ("weight", "bias")}, assign=True)
    return linear
