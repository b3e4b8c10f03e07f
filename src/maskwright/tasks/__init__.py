"""How a segmentation becomes a target and an output becomes a segmentation."""

from maskwright.plan.plan import Plan
from maskwright.tasks.semantic import SemanticTask
from maskwright.tasks.task import Task

TASKS = {"semantic": SemanticTask}


def task_of(plan: Plan) -> Task:
    """The task that a plan names."""
    return TASKS[plan.task](plan)
