"""What an exported file computes: from an image as it is to the class of every pixel, or to objects."""

from typing import Any

import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor, nn

from maskwright.engine.export_scale import Scale
from maskwright.models.paste import BORDER
from maskwright.nn.parts import predict
from maskwright.plan.plan import Plan
from maskwright.tasks import task_of

Outputs = tuple[Tensor, ...]


class ExportedMaps(nn.Module):
    """The class of the largest probability at every pixel, and all maps: those probabilities first."""

    names = ("classes", "maps")

    def __init__(self, plan: Plan, network: nn.Module) -> None:
        super().__init__()
        self.network, self.scale = network, Scale(plan.normalization)
        self.count, self.channels = len(plan.classes), plan.channels
        self.task = task_of(plan)

    def forward(self, image: Float32[Tensor, "h w c"]) -> Outputs:
        """Classes (h, w) and maps (k, h, w)."""
        maps: Any = self.task.predict_tile(self.network, self.scale(image))
        maps = maps[0]
        return maps[: self.count].argmax(dim=0).to(torch.uint8), maps


class ExportedObjects(nn.Module):
    """The objects that are sure enough, the surest first; of a Panoptic FPN every thing, and what the stuff is."""

    def __init__(self, plan: Plan, network: nn.Module, least_score: float) -> None:
        super().__init__()
        self.network, self.scale, self.least_score = network, Scale(plan.normalization), least_score
        self.channels = plan.channels
        self.names = ("boxes", "scores", "classes", "masks") + (("stuff",) if plan.task == "panoptic" else ())

    def forward(self, image: Float32[Tensor, "h w c"]) -> Outputs:
        """Boxes (n, 4) in pixels as x0, y0, x1, y1; scores, class ids, masks (n, h, w) of 0 and 1; stuff (s, h, w)."""
        found = predict(self.network, self.scale(image))
        objects, stuff = (found[0], (found[1][0],)) if isinstance(found, tuple) else (found, ())
        boxes, class_ids, scores, grids = (getattr(objects[0], name) for name in ("boxes_xyxy", "class_ids", "scores", "masks"))
        masks = pasted(grids, boxes, (image.shape[0], image.shape[1]))
        kept = (scores >= self.least_score) & masks.flatten(1).any(dim=1)
        return boxes[kept], scores[kept], class_ids[kept], masks[kept].to(torch.uint8), *stuff


def pasted(masks: Float[Tensor, "n m m"], boxes_xyxy: Float[Tensor, "n 4"], size_hw: tuple[Any, Any]) -> Bool[Tensor, "n h w"]:
    """As `models.paste.paste`, of all objects at once and on whole images."""
    side = masks.shape[-1] + 2 * BORDER
    half = 0.5 * (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]) * (side / masks.shape[-1])
    middle = 0.5 * (boxes_xyxy[:, 2:] + boxes_xyxy[:, :2])
    start, end = (corner.to(torch.int64) for corner in (middle - half, middle + half))  # towards zero
    length = (end - start + 1).clamp(min=1)
    columns, rows = (_interpolation(start[:, axis], length[:, axis], side, size_hw[1 - axis]) for axis in (0, 1))
    bordered = nn.functional.pad(masks, (BORDER, BORDER, BORDER, BORDER))
    inside = (rows.sum(dim=2) > 0)[:, :, None] & (columns.sum(dim=2) > 0)[:, None]
    return (rows @ bordered @ columns.transpose(1, 2) >= 0.5) & inside


def _interpolation(start: Tensor, length: Tensor, cells: int, limit: Any) -> Float32[Tensor, "n pixels cells"]:
    """How much each cell of a grid enlarged to `length` pixels from `start` on counts in each of `limit` pixels."""
    pixels = torch.arange(limit, dtype=torch.float64) - start[:, None].double()
    at = ((pixels + 0.5) * (cells / length[:, None].double()) - 0.5).clamp(0, cells - 1).float()
    weights = (1 - (at[:, :, None] - torch.arange(cells, dtype=torch.float32)).abs()).clamp(min=0)
    return weights * ((pixels >= 0) & (pixels < length[:, None]))[:, :, None].float()
