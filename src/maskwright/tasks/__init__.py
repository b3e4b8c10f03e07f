"""How a segmentation becomes a target and an output becomes a segmentation."""

from collections.abc import Callable
from typing import Any

from maskwright.plan.plan import Plan
from maskwright.tasks.instance import InstanceTask
from maskwright.tasks.semantic import SemanticTask
from maskwright.tasks.task import Task

TASKS: dict[str, Callable[[Plan, dict[str, Any] | None], Task]] = {"semantic": SemanticTask, "instance": InstanceTask}


def task_of(plan: Plan, settled: dict[str, Any] | None = None) -> Task:
    """The task that a plan names, with the thresholds that were settled after training, if any."""
    return TASKS[plan.task](plan, settled)
