"""How a segmentation becomes a target and an output becomes a segmentation."""

from typing import Any

from maskwright.plan.objective import detects
from maskwright.plan.plan import Plan
from maskwright.tasks.instance import InstanceTask
from maskwright.tasks.mask_rcnn import MaskRCNNTask
from maskwright.tasks.panoptic import PanopticTask
from maskwright.tasks.panoptic_fpn import PanopticFPNTask
from maskwright.tasks.semantic import SemanticTask
from maskwright.tasks.task import Task


def task_of(plan: Plan, settled: dict[str, Any] | None = None) -> Task:
    """The task that a plan names, with the thresholds that were settled after training, if any."""
    if plan.task == "semantic":
        return SemanticTask(plan, settled)
    if plan.task == "panoptic":
        return PanopticFPNTask(plan, settled) if detects(plan) else PanopticTask(plan, settled)
    return MaskRCNNTask(plan, settled) if detects(plan) else InstanceTask(plan, settled)
