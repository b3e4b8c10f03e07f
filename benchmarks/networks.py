"""The networks whose speed is measured, on the nuclei that come with the package."""

from dataclasses import dataclass
from pathlib import Path

import maskwright
from maskwright.data.dataset import DataSet, read
from maskwright.plan.make import plan as make_plan
from maskwright.plan.plan import Plan

DEMO = Path(maskwright.__file__).parent / "demo_data"


@dataclass(frozen=True)
class Network:
    """A network and what has to be planned for it; `steps` are those after which its masks mean something."""

    title: str
    task: str
    model: str
    steps: int
    changes: tuple[tuple[str, str], ...] = ()


NETWORKS = (
    Network("U-Net", "semantic", "unet", 60, (("model.widths", "[32,64,128,256,512]"),)),
    Network("DeepLabv3+", "semantic", "deeplabv3+", 60),
    Network("Mask R-CNN", "instance", "mask-rcnn", 80),
)


def nuclei() -> DataSet:
    return read(DEMO, kind="instances")


def plan_of(network: Network, *, minutes: float = 10.0, **changes: str) -> Plan:
    """The plan of a training of the network in so many minutes."""
    encoder = "plain" if network.model == "unet" else None
    return make_plan(
        nuclei().for_task(network.task), task=network.task, model=network.model, encoder=encoder,
        budget_minutes=minutes, changes=dict(network.changes) | changes,
    )  # fmt: skip
