"""What a detector learns from: the objects in the layers of a crop, and an image that shows nothing else it could count."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from maskwright.losses import IGNORE_TARGET
from maskwright.masks.object_layers import objects_in
from maskwright.models.roi_heads import Objects

SLIVER = 4  # pixels of an object, at least: fewer are what a crop leaves of it, and show nothing of its kind


def learnable(
    image: Float32[Tensor, "b c h w"], target: Int64[Tensor, "b layers h w"]
) -> tuple[Float32[Tensor, "b c h w"], list[Objects]]:
    """The objects in each image of a batch, by `masks.object_layers`, and the images blank where something is left out.

    A detector takes everything that is no object for background. So crowds, ignored pixels and slivers are not shown to it:
    there the image is 0, which normalisation made the middle of the intensities.
    """
    shown, objects = [], []
    for layers in target.cpu().numpy():
        of_image, blank = _objects(layers)
        objects.append(Objects(*(part.to(image.device) for part in of_image)))
        shown.append(torch.from_numpy(~blank))
    return image * torch.stack(shown)[:, None].to(image.device), objects


def _objects(
    layers: Int64[np.ndarray, "layers h w"],
) -> tuple[tuple[Float[Tensor, "n 4"], Int64[Tensor, " n"], Bool[Tensor, "n h w"]], Bool[np.ndarray, "h w"]]:
    """Boxes around the pixels that are left, class ids and masks; and which pixels are not to be shown."""
    blank: Bool[np.ndarray, "h w"] = layers[0] == IGNORE_TARGET
    boxes, class_ids, masks = [], [], []
    for class_id, region in objects_in(layers):
        mask = region.mask(blank.shape)
        if region.area < SLIVER:
            blank |= mask
        else:
            boxes.append(region.box_xyxy)
            class_ids.append(class_id)
            masks.append(mask)
    found = (
        torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        torch.tensor(class_ids, dtype=torch.int64),
        torch.from_numpy(np.stack(masks) if masks else np.zeros((0, *blank.shape), bool)),
    )
    return found, blank
