"""How much each input pixel really counts for an output pixel: the effective receptive field, measured by gradients."""

import copy

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn


def effective_field(network: nn.Module, image: Float[Tensor, "1 c h w"]) -> Float32[np.ndarray, "h w"]:
    """The share of each input pixel in what moves the centre pixel's winning logit (arXiv:1701.04128); the shares sum to 1.

    It is the gradient's absolute value, added up over the channels, in evaluation mode and float32. Zeros where the logit does
    not depend on the image at all, as where every ReLU before it is shut. Of several maps that a network gives, the
    first counts.
    """
    network = copy.deepcopy(network).float().eval().requires_grad_(False)
    pixels = image.detach().float().requires_grad_()
    with torch.enable_grad():
        outputs = network(pixels)
        logits = (outputs[0] if isinstance(outputs, list) else outputs)[0]
        centre = logits[:, logits.shape[1] // 2, logits.shape[2] // 2].max()
        (gradient,) = torch.autograd.grad(centre, pixels)
    strength: Float32[np.ndarray, "h w"] = gradient[0].abs().sum(dim=0).cpu().numpy().astype(np.float32)
    total = float(strength.sum(dtype=np.float64))
    return strength / np.float32(total) if total > 0 else strength


def side_that_holds(shares: Float32[np.ndarray, "h w"], share: float) -> int:
    """The side of the smallest square around the centre pixel that holds so much of the whole; 0 where there is nothing."""
    height, width = shares.shape
    y, x = np.mgrid[:height, :width]
    away = np.maximum(np.abs(y - height // 2), np.abs(x - width // 2))
    within = np.cumsum(np.bincount(away.ravel(), weights=shares.ravel()))
    if within[-1] == 0:
        return 0
    return 2 * int(np.searchsorted(within, share * within[-1] * (1 - 1e-9))) + 1
