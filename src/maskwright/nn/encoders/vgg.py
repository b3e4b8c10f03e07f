"""VGG16 without its classifier (arXiv:1409.1556), under torchvision's names of weights."""

from jaxtyping import Float
from torch import Tensor, nn

from maskwright.nn.encoders.encoder import steps_for, strides_of
from maskwright.nn.encoders.initialise import initialise_for_gradients
from maskwright.nn.encoders.plain import max_pool

CONVS = (2, 2, 3, 3, 3)  # 3x3 convolutions of each stage
WIDTHS = (64, 128, 256, 512, 512)


class VGG16(nn.Module):
    """Thirteen 3x3 convolutions in five stages, each ended by a pooling.

    The maps are the last ReLU before each pooling and, at last, the fifth pooling itself, as FCN (arXiv:1411.4038) needs them.
    """

    def __init__(self, *, channels: int, output_stride: int = 32) -> None:
        super().__init__()
        self.steps = steps_for(output_stride, (1, 2, 2, 2, 2, 2))  # how each map comes from the one before it
        self.strides = strides_of(self.steps)
        self.widths = (*WIDTHS, WIDTHS[-1])
        layers: list[nn.Module] = []
        inside = channels
        for step, convs, width in zip(self.steps, CONVS, WIDTHS, strict=False):
            for _ in range(convs):
                layers += [nn.Conv2d(inside, width, 3, padding=step.dilation, dilation=step.dilation), nn.ReLU(inplace=True)]
                inside = width
            layers.append(nn.Identity())  # holds the number of the pooling, which differs by output stride
        self.features = nn.Sequential(*layers)
        initialise_for_gradients(self)

    def forward(self, image: Float[Tensor, "b c h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """The map of each stage, and the last one pooled."""
        maps: list[Tensor] = []
        x = image
        for layer in self.features:
            if isinstance(layer, nn.Identity):
                maps.append(x)
                x = max_pool(x, self.steps[len(maps)])
            else:
                x = layer(x)
        return [*maps, x]
