"""Import this before torchvision or timm: it lets them be imported beside a CPU build of torch.

torchvision's compiled operators do not load there, and it fails on the names of two of them. Networks do without them.
"""

import torch

if torch.version.cuda is None:
    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
