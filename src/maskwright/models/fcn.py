"""FCN: classes scored on the coarsest map and brought back to full resolution, with finer scores added (arXiv:1411.4038)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, cast, get_args

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import ConfigDict
from torch import Tensor, nn

from maskwright.base.errors import PlanError, did_you_mean
from maskwright.nn.encoders import TITLES, EncoderName, build_encoder
from maskwright.nn.padding import pad_to_multiple
from maskwright.nn.upsample import LearnedInterpolation

PredictionStride = Literal[32, 16, 8]
ScoreUpsampling = Literal["transposed", "bilinear"]

COARSEST = 32  # input pixels per pixel of the map that is classified first
HEAD_KERNEL = 7  # the first dense layer of VGG16 sees 7x7 pixels of the last map
DENSE_LAYERS = {"0": ("classifier.0", "pre_logits.fc1"), "3": ("classifier.3", "pre_logits.fc2")}  # by those of the head


@dataclass(frozen=True, kw_only=True)
class FCNConfig:
    """The numbers that make an FCN-32s, FCN-16s or FCN-8s.

    `head_width` is the width of the two layers before the scores, a 7x7 and a 1x1 convolution; with 0 the encoder's last map is
    scored directly. `upsampling` is `transposed`, which starts as bilinear interpolation and is learned, or `bilinear`, which
    stays it. The paper's own network: `FCNConfig(encoder="vgg16", head_width=4096)`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["fcn"] = "fcn"
    encoder: EncoderName = "vgg16"
    prediction_stride: PredictionStride = 8  # input pixels per pixel of the finest scores
    head_width: int = 512
    dropout: float = 0.5  # after each layer of the head
    upsampling: ScoreUpsampling = "transposed"

    def __post_init__(self) -> None:
        for field, options in (("encoder", EncoderName), ("upsampling", ScoreUpsampling)):
            value = getattr(self, field)
            if value not in get_args(options):
                raise PlanError(f"The {field} of an FCN cannot be '{value}'. {did_you_mean(str(value), get_args(options))}")
        if self.prediction_stride not in get_args(PredictionStride):
            raise PlanError(
                f"The prediction stride of an FCN cannot be {self.prediction_stride}. "
                "Possible are 32, 16 and 8, for FCN-32s, FCN-16s and FCN-8s."
            )
        if self.head_width < 0:
            raise PlanError(f"The head of an FCN needs a positive width, or 0 for no head, not {self.head_width}.")
        if not 0 <= self.dropout < 1:
            raise PlanError(f"The dropout of an FCN is a probability from 0 to below 1, not {self.dropout}.")

    @property
    def stride(self) -> int:
        """Input pixels per pixel of the coarsest map."""
        return COARSEST

    @property
    def title(self) -> str:
        """What the network is, in words."""
        return f"FCN-{self.prediction_stride}s on {TITLES[self.encoder]}"

    def build(self, *, channels: int, classes: int) -> "FCN":
        """A freshly initialised network; `classes=1` is one sigmoid output."""
        if channels < 1 or classes < 1:
            raise PlanError(f"An FCN needs at least 1 channel and 1 class, not {channels} and {classes}.")
        return FCN(self, channels, classes)


class FCN(nn.Module):
    """An encoder, a classifier at every pixel of its last map, and the way back to the resolution of the image.

    Every layer of scores starts at 0, as in the paper: a fresh network gives every class the same probability, whatever the
    encoder, and the finer scores begin by changing nothing.
    """

    def __init__(self, config: FCNConfig, channels: int, classes: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = build_encoder(config.encoder, channels=channels)
        self.head = _head(self.encoder.widths[-1], config.head_width, config.dropout)
        self.score = _zero_score(config.head_width or self.encoder.widths[-1], classes)
        self.skip_strides = [stride for stride in (16, 8) if stride >= config.prediction_stride]
        # The paper's poolings 4 and 3, or the maps of the same stride of an encoder that has no such poolings.
        self.pools_skips = config.encoder == "vgg16"
        widths = dict(zip(self.encoder.strides, self.encoder.widths, strict=True))
        pooled = [stride // 2 if self.pools_skips else stride for stride in self.skip_strides]
        self.skips = nn.ModuleList(_zero_score(widths[stride], classes) for stride in pooled)
        factors = [2] * len(self.skips) + [config.prediction_stride]
        self.ups = nn.ModuleList(_score_upsampling(config.upsampling, classes, factor) for factor in factors)

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Logits of every class at every pixel, for images of any size.

        The authors' code pads the image by 100 pixels so that the unpadded 7x7 layer has a map left, and crops what that
        shifts; here the layer pads its map, and scores lie where their pixels do.
        """
        height, width = image.shape[-2:]
        maps = self.encoder(pad_to_multiple(image, self.config.stride))
        by_stride = dict(zip(self.encoder.strides, maps, strict=True))
        scores: Tensor = self.score(self.head(maps[-1]))
        *ups, last = self.ups
        for stride, up, skip in zip(self.skip_strides, ups, self.skips, strict=True):
            finer = F.max_pool2d(by_stride[stride // 2], 2) if self.pools_skips else by_stride[stride]
            scores = up(scores) + skip(finer)
        logits: Tensor = last(scores)
        return logits[..., :height, :width]

    @torch.no_grad()
    def start_head(self, state: Mapping[str, Tensor]) -> None:
        """Give the head the numbers of VGG16's dense layers, as in the paper, where torchvision's or timm's are of its size."""
        if self.config.encoder != "vgg16" or not self.config.head_width:
            return
        for own, names in DENSE_LAYERS.items():
            layer = cast(nn.Conv2d, self.head.get_submodule(own))
            for name in names:
                weight, bias = state.get(f"{name}.weight"), state.get(f"{name}.bias")
                if weight is None or bias is None or layer.bias is None or weight.numel() != layer.weight.numel():
                    continue
                layer.weight.copy_(weight.reshape(layer.weight.shape))
                layer.bias.copy_(bias)


def _head(inside: int, width: int, dropout: float) -> nn.Sequential:
    """The layers before the scores: the two dense ones of VGG16 as convolutions, padded so that the map keeps its size."""
    if not width:
        return nn.Sequential(nn.Dropout(dropout))
    layers: list[nn.Module] = []
    for channels, kernel in ((inside, HEAD_KERNEL), (width, 1)):
        layer = nn.Conv2d(channels, width, kernel, padding=kernel // 2)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        layers += [layer, nn.ReLU(inplace=True), nn.Dropout(dropout)]
    return nn.Sequential(*layers)


def _zero_score(inside: int, classes: int) -> nn.Conv2d:
    score = nn.Conv2d(inside, classes, 1)
    for weights in score.parameters():
        nn.init.zeros_(weights)
    return score


def _score_upsampling(kind: ScoreUpsampling, classes: int, factor: int) -> nn.Module:
    match kind:
        case "transposed":
            return LearnedInterpolation(classes, factor)
        case "bilinear":
            return nn.Upsample(scale_factor=factor, mode="bilinear")
