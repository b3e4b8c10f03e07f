"""Which runtime predicts, with how large tiles and how many at once: measured in seconds, and kept with the run."""

import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import read_json, write_json
from maskwright.base.openvino import installed
from maskwright.engine.environment import processor
from maskwright.engine.runtimes import openvino
from maskwright.engine.runtimes import torch as pytorch
from maskwright.engine.runtimes.compiled import CompiledFolder
from maskwright.engine.runtimes.ready import Ready
from maskwright.nn.parts import predict
from maskwright.plan.objective import detects
from maskwright.plan.plan import Plan

Runtime = Literal["auto", "torch", "openvino"]

KEPT, COMPILED = "runtime.json", "compiled"  # in the run's folder
FEW_WEIGHTS = 200_000  # below them a tile takes less time than any other runtime takes to start
SIDE = 256  # pixels of the square on which runtimes are compared
SECONDS = 1.0  # that each runtime is timed on it, at least twice
TILE_SECONDS = 4.0  # for trying tiles, by what the square took
WORTH = 0.9  # of the time: what is not a tenth faster changes nothing
MOST_DIFFERENCE = {"bf16": 0.1, "fp32": 0.01}  # of what both draw, as a share of it
NAMES = {"torch": "PyTorch", "openvino": "OpenVINO"}


@dataclass(frozen=True)
class Choice:
    """What predicts: runtime, sides of the tiles at most, tiles at once, why, and seconds a megapixel where it was measured."""

    runtime: str
    tile_hw: tuple[int, int]
    batch: int
    why: str
    megapixel_seconds: dict[str, float]

    @property
    def words(self) -> str:
        """The choice and its reason, for a terminal."""
        return f"{NAMES[self.runtime]} predicts. {self.why}"


@dataclass(frozen=True)
class Place:
    """Where a run keeps what was chosen for it, and the digest of its weights."""

    folder: Path
    weights: str

    def machine(self) -> dict[str, Any]:
        """What a choice holds for: this processor, these versions, these weights."""
        return {
            "processor": processor(),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "openvino": installed(),
            "maskwright": version("maskwright"),
            "weights": self.weights,
        }

    def kept(self) -> Choice | None:
        """What was chosen on this machine before. A file that cannot be read is passed over: it is measured again."""
        for entry in self._entries():
            with suppress(KeyError, TypeError, ValueError):
                if entry["machine"] == self.machine():
                    return _choice(**{name: value for name, value in entry.items() if name != "machine"})
        return None

    def keep(self, choice: Choice) -> None:
        """Keep it beside those for other machines. In a folder that cannot be written to, nothing is kept."""
        machine = self.machine()
        others = [entry for entry in self._entries() if isinstance(entry, dict) and entry.get("machine") != machine]
        with suppress(MaskwrightError):
            write_json(self.folder / KEPT, [*others, {"machine": machine, **asdict(choice)}])

    def _entries(self) -> list[Any]:
        try:
            entries = read_json(self.folder / KEPT)
        except MaskwrightError:
            return []
        return entries if isinstance(entries, list) else []

    def compiled(self) -> CompiledFolder:
        """Where compiled networks are kept."""
        return CompiledFolder(self.folder / COMPILED, tuple(f"{name} {value}" for name, value in self.machine().items()))


def made_ready(
    plan: Plan, network: nn.Module, *, device: torch.device, runtime: Runtime = "auto", place: Place | None = None
) -> tuple[Ready, Choice]:
    """The network in the runtime that was asked for; "auto" is OpenVINO where it is installed and not slower here.

    That is measured once for a machine, and what was chosen is kept in `place`, so that predictions stay the same. Raises
    `MaskwrightError` where OpenVINO is asked for and is not installed, is asked for on a GPU, or cannot run the network.
    """
    if runtime == "openvino" and device.type != "cpu":
        raise MaskwrightError(f"OpenVINO predicts on the processor here, not on {device}. Add --device cpu, or leave one out.")
    if runtime == "auto":
        settled = _without_measuring(plan, network, device)
        choice = settled or (place.kept() if place is not None else None)
        if choice is None:
            return _measured(plan, network, place)
    else:
        choice = Choice(runtime, plan.tile_hw, 1, "It was asked for.", {})
    return _ready(plan, network, choice.runtime, device, place), choice


def _ready(plan: Plan, network: nn.Module, runtime: str, device: torch.device, place: Place | None) -> Ready:
    if runtime == "torch":
        return pytorch.ready(network, precision=plan.precision, device=device)
    return openvino.ready(
        network, channels=plan.channels, stride=plan.model.stride, precision=plan.precision,
        folder=place.compiled() if place is not None else None,
    )  # fmt: skip


def _without_measuring(plan: Plan, network: nn.Module, device: torch.device) -> Choice | None:
    """PyTorch, where nothing else comes into question."""
    weights = sum(parameter.numel() for parameter in network.parameters())
    if device.type != "cpu":
        why = f"It runs on {device}."
    elif installed() is None:
        why = "OpenVINO, which is often faster on a processor, is not installed: pip install 'maskwright[fast]'."
    elif weights < FEW_WEIGHTS:
        why = f"The network is so small ({weights} weights) that nothing is gained by another runtime."
    else:
        return None
    return Choice("torch", plan.tile_hw, 1, why, {})


def _measured(plan: Plan, network: nn.Module, place: Place | None) -> tuple[Ready, Choice]:
    """Both runtimes on a square of noise, then tiles of the faster one."""
    cpu = torch.device("cpu")
    first = _ready(plan, network, "torch", cpu, place)
    image = torch.rand(1, plan.channels, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    megapixels = SIDE * SIDE / 1e6
    seconds = {"torch": _seconds(first, image) / megapixels}
    try:
        other = _ready(plan, network, "openvino", cpu, place)
        difference = _difference(first, other, image)
    except MaskwrightError as error:
        choice = Choice("torch", plan.tile_hw, 1, str(error).removesuffix(" Predict with --runtime torch."), seconds)
        return _kept(first, choice, place)
    seconds["openvino"] = _seconds(other, image) / megapixels
    best, slower = ("openvino", "torch") if seconds["openvino"] * WORTH <= seconds["torch"] else ("torch", "openvino")
    why = f"Measured here: {seconds[best]:.2g} s a megapixel, with {NAMES[slower]} {seconds[slower]:.2g} s."
    if difference > MOST_DIFFERENCE[other.precision]:
        best, why = "torch", f"What OpenVINO draws differs by {difference:.0%} from what PyTorch draws."
    ready = other if best == "openvino" else first
    tile_hw, batch = _tiling(plan, ready, seconds[best])
    return _kept(ready, Choice(best, tile_hw, batch, why, seconds), place)


def _kept(ready: Ready, choice: Choice, place: Place | None) -> tuple[Ready, Choice]:
    if place is not None:
        place.keep(choice)
    return ready, choice


def _tiling(plan: Plan, ready: Ready, megapixel_seconds: float) -> tuple[tuple[int, int], int]:
    """The plan's tiles one by one, or some smaller ones at once where these are clearly faster for the pixels they add.

    Networks that find objects keep the plan's tiles, in which objects lie whole. Nothing is tried that would take too long.
    """
    half = tuple(plan.model.stride * ceil(side / 2 / plan.model.stride) for side in plan.tile_hw)
    by_hand = any(decision.name == "tile_hw" for decision in plan.decisions)
    if detects(plan) or by_hand or min(half) <= 2 * plan.tile_overlap:
        return plan.tile_hw, 1
    tried: dict[tuple[tuple[int, int], int], float] = {}
    left = TILE_SECONDS
    for size_hw, batch in ((plan.tile_hw, 1), (half, 1), (half, 2), (half, 4)):
        left -= 2 * megapixel_seconds * batch * size_hw[0] * size_hw[1] / 1e6
        if left < 0:
            return plan.tile_hw, 1
        added = batch * (size_hw[0] - plan.tile_overlap) * (size_hw[1] - plan.tile_overlap)
        image = torch.zeros(batch, plan.channels, *size_hw)
        tried[(size_hw[0], size_hw[1]), batch] = _seconds(ready, image, least=0) / added
    best = min(tried, key=lambda tiling: tried[tiling])
    usual = (plan.tile_hw, 1)
    return best if tried[best] < WORTH * tried[usual] else usual


@torch.inference_mode()
def _seconds(ready: Ready, image: torch.Tensor, *, least: float = SECONDS) -> float:
    """The shortest time of a prediction, after one that warms up."""
    pixels, times = ready.takes(image), list[float]()
    predict(ready.network, pixels)
    while not times or (least > 0 and (len(times) < 2 or sum(times) < least)):
        began = time.perf_counter()
        predict(ready.network, pixels)
        times.append(time.perf_counter() - began)
    return min(times)


@torch.inference_mode()
def _difference(first: Ready, other: Ready, image: torch.Tensor) -> float:
    """How far the maps of both lie apart, as a share of how large they are; the worst of several."""

    def maps(ready: Ready) -> list[torch.Tensor]:
        found = ready.network(ready.takes(image))
        return [each.float() for each in ([found] if isinstance(found, torch.Tensor) else found)]

    pairs = zip(maps(first), maps(other), strict=True)
    return max(float((a - b).norm() / a.norm().clamp(min=1e-6)) for a, b in pairs)


def _choice(
    *, runtime: str, tile_hw: list[int], batch: int, why: str, megapixel_seconds: dict[str, float]
) -> Choice:  # fmt: skip
    """A choice from its JSON value. Raises `ValueError` where it is none."""
    if runtime not in NAMES or batch < 1:
        raise ValueError(runtime)
    height, width = tile_hw
    return Choice(runtime, (height, width), batch, why, megapixel_seconds)
