"""What can be looked into: a network by its name, by a plan or by a run, and how an image is brought to it."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Num
from torch import Tensor, nn

from maskwright.base.errors import MaskwrightError, PlanError, did_you_mean
from maskwright.base.files import read_json
from maskwright.data.channels import with_channels
from maskwright.engine.run import Run
from maskwright.engine.weights import load_weights
from maskwright.models import MODELS, model_config
from maskwright.nn.device import Precision, pick_device, pick_precision
from maskwright.nn.encoders.weights import PACKAGED
from maskwright.nn.fit import fit_weights
from maskwright.nn.shrunk import Shrunk
from maskwright.plan.objective import on_whole_images
from maskwright.plan.plan import Plan
from maskwright.sampling.normalize import Normalization
from maskwright.tasks import task_of

CHANNELS, CLASSES = 3, 2  # of a network that is only named
FRESH = "fresh ones, drawn at random"


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """A network to look into. `plan` is None where only its name was given; `weights` says in words whose they are."""

    title: str
    network: nn.Module
    channels: int
    classes: int
    weights: str
    plan: Plan | None = None

    @property
    def shrink(self) -> int:
        """How many times smaller the network is shown images."""
        return self.plan.shrink if self.plan is not None else 1

    @property
    def in_training(self) -> nn.Module:
        """The network as it is trained: on images that are shrunk already."""
        return self.network.network if isinstance(self.network, Shrunk) else self.network

    @property
    def precision(self) -> Precision:
        """The plan's, or else what this machine would train in."""
        return self.plan.precision if self.plan is not None else pick_precision(pick_device())

    def brought(
        self, image: Num[np.ndarray, "h w c"], within: Num[np.ndarray, "h1 w1 c"], *, name: str = "this image"
    ) -> Float32[Tensor, "1 k h w"]:
        """A cut of an image as the network takes it, normalised by the whole that it lies within, which errors name."""
        normalization = self.plan.normalization if self.plan is not None else Normalization(kind="zscore")
        scale = normalization.scale(with_channels(within, self.channels, name=name))
        return torch.from_numpy(scale.apply(with_channels(image, self.channels, name=name)))[None]


def named(
    name: str, *, encoder: str | None = None, output_stride: int | None = None, channels: int | None = None,
    classes: int | None = None,
) -> Subject:  # fmt: skip
    """A fresh network by its name in `MODELS`, on the packaged encoder unless another is named; a U-Net on the plain one."""
    config = model_config(name, encoder or ("plain" if name == "unet" else PACKAGED[0]))
    if output_stride is not None:
        if "output_stride" not in {field.name for field in fields(config)}:
            raise PlanError(f"'{name}' has no output stride to choose; deeplabv3 and deeplabv3+ have, 16 or 8.")
        config = replace(config, output_stride=output_stride)  # type: ignore[arg-type]  # it has, as was just seen
    channels, classes = channels or CHANNELS, classes or CLASSES
    network = config.build(channels=channels, classes=classes)
    return Subject(title=config.title, network=network, channels=channels, classes=classes, weights=FRESH)


def planned(path: Path) -> Subject:
    """The network of a plan file, fresh."""
    plan = Plan.from_json(read_json(path), source=str(path))
    return _of_plan(plan, task_of(plan).network(), FRESH)


def trained(folder: Path) -> Subject:
    """The network of a run with its best weights, or fresh where it has none yet."""
    run = Run.open(folder)
    network = task_of(run.plan).network()
    if not run.best_path.exists():
        return _of_plan(run.plan, network, f"{FRESH}, for {folder} has none yet")
    tensors, _ = load_weights(run.best_path)
    fit_weights(network, tensors, run.best_path)
    return _of_plan(run.plan, network, f"those of {folder}")


def subject_of(target: str) -> Subject:
    """A run folder, a plan file, or a name. Raises `MaskwrightError` that lists what is possible."""
    path = Path(target)
    if target in MODELS:
        return named(target)
    if path.is_dir():
        return trained(path)
    if path.is_file():
        return planned(path)
    raise MaskwrightError(
        f"'{target}' is no model, and there is no run folder or plan file of that name. "
        f"{did_you_mean(target, MODELS, lists=True)}"
    )


def _of_plan(plan: Plan, network: nn.Module, weights: str) -> Subject:
    """With what a plan adds to its network, where that is shown images at a fraction of their size."""
    title = plan.model.title + (f", shown images at 1/{plan.shrink} of their size" if plan.shrink > 1 else "")
    return Subject(
        title=title, network=on_whole_images(plan, network), channels=plan.channels, classes=len(plan.classes), weights=weights,
        plan=plan,
    )  # fmt: skip
