"""Which runtime predicts, in which precision, with how large tiles: measured on this machine, and kept with the run."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
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
from maskwright.engine.runtimes.agree import Agreement
from maskwright.engine.runtimes.compiled import CompiledFolder
from maskwright.engine.runtimes.ready import Ready
from maskwright.nn.device import Precision
from maskwright.nn.parts import predict
from maskwright.plan.objective import detects
from maskwright.plan.plan import Plan

Runtime = Literal["auto", "torch", "openvino"]
Wanted = Literal["auto", "bf16", "fp32"]
Agree = Callable[[Ready, Ready], Agreement | None]  # None where there is nothing to compare on

KEPT, COMPILED = "runtime.json", "compiled"  # in the run's folder
FEW_WEIGHTS = 200_000  # below them a tile takes less time than any other runtime takes to start
SIDE = 256  # pixels of the square on which runtimes are compared
MEGAPIXELS = SIDE * SIDE / 1e6
SECONDS = 1.0  # that each runtime is timed on it, at least twice
TILE_SECONDS = 4.0  # for trying tiles, by what the square took
WORTH = 0.9  # of the time: what is not a tenth faster changes nothing
MOST_DIFFERENCE = {"bf16": 0.1, "fp32": 0.01}  # of what both draw, as a share of it
NAMES = {"torch": "PyTorch", "openvino": "OpenVINO"}


@dataclass(frozen=True)
class Choice:
    """What predicts: runtime, precision, largest tiles, tiles at once, why, and seconds a megapixel where it was measured."""

    runtime: str
    precision: Precision
    tile_hw: tuple[int, int]
    batch: int
    why: str
    megapixel_seconds: dict[str, float]
    agreement: float | None = None  # of bfloat16 with single precision, where that was measured

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

    def kept(self, asked: str) -> Choice | None:
        """What was chosen on this machine when the same was asked for. A file that cannot be read is passed over."""
        for entry in self._entries():
            with suppress(KeyError, TypeError, ValueError):
                if entry["machine"] == self.machine() and entry["asked"] == asked:
                    return _choice(**{name: value for name, value in entry.items() if name not in ("machine", "asked")})
        return None

    def keep(self, asked: str, choice: Choice) -> None:
        """Keep it beside other choices. In a folder that cannot be written to, nothing is kept."""
        here = (self.machine(), asked)
        dicts = [entry for entry in self._entries() if isinstance(entry, dict)]
        others = [entry for entry in dicts if (entry.get("machine"), entry.get("asked")) != here]
        with suppress(MaskwrightError):
            write_json(self.folder / KEPT, [*others, {"machine": here[0], "asked": asked, **asdict(choice)}])

    def _entries(self) -> list[Any]:
        try:
            entries = read_json(self.folder / KEPT)
        except MaskwrightError:
            return []
        return entries if isinstance(entries, list) else []

    def compiled(self, precision: Precision, shrink: int) -> CompiledFolder:
        """Where compiled networks of a precision are kept that are shown images so many times smaller."""
        depends_on = self.machine() | {"precision": precision, "shrink": shrink}
        return CompiledFolder(self.folder / COMPILED, tuple(f"{name} {value}" for name, value in depends_on.items()))


def made_ready(
    plan: Plan, network: nn.Module, *, device: torch.device, runtime: Runtime = "auto", precision: Wanted = "auto",
    place: Place | None = None, agree: Agree | None = None,
) -> tuple[Ready, Choice]:  # fmt: skip
    """The network in the runtime that was asked for; "auto" is OpenVINO where it is installed and not slower here.

    precision: "auto" is the plan's; but where that is bfloat16 and does not `agree` well enough with single precision on
    images, it is single precision. What is found out is kept in `place`, so that predictions stay the same. Raises
    `MaskwrightError` where OpenVINO is asked for and is not installed, is asked for on a GPU, or cannot run the network.
    """
    if runtime == "openvino" and device.type != "cpu":
        raise MaskwrightError(f"OpenVINO predicts on the processor here, not on {device}. Add --device cpu, or leave one out.")
    tile = f"{plan.tile_hw[0]}x{plan.tile_hw[1]}/{plan.tile_overlap}"
    asked = f"{runtime} {precision} {device.type}, planned {plan.precision} {tile}"  # plans of runs may be edited
    kept = place.kept(asked) if place is not None else None
    if kept is not None:
        ready, choice = _ready(plan, network, kept.runtime, kept.precision, device, place), kept
    else:
        wanted = plan.precision if precision == "auto" else precision
        ready, choice = _chosen(plan, network, wanted, device, runtime, place)
    if precision == "auto" and ready.precision == "bf16" and choice.agreement is None and agree is not None:
        agreement = agree(_ready(plan, network, "torch", "fp32", device, place), ready)
        if agreement is not None:
            choice = replace(choice, agreement=agreement.share)
            if not agreement.is_enough:
                ready, choice = _exactly(plan, network, device, runtime, place, choice, agreement)
    if place is not None and choice != kept and (choice.megapixel_seconds or choice.agreement is not None):
        place.keep(asked, choice)
    return ready, choice


def _exactly(
    plan: Plan, network: nn.Module, device: torch.device, runtime: Runtime, place: Place | None, fast: Choice,
    agreement: Agreement,
) -> tuple[Ready, Choice]:  # fmt: skip
    """Single precision instead of a choice that does not agree with it, and what that costs."""
    ready, choice = _chosen(plan, network, "fp32", device, runtime, place)
    speeds = [each.megapixel_seconds.get(each.runtime) for each in (fast, choice)]
    if None in speeds:
        image = _noise(plan)
        faster = _ready(plan, network, fast.runtime, "bf16", device, place)
        speeds = [_seconds(each, image) / MEGAPIXELS for each in (faster, ready)]
    why = (
        f"In single precision, {speeds[1]:.2g} s a megapixel: bfloat16 takes {speeds[0]:.2g} s, but agrees with it only by "
        f"{agreement.words}. --precision bf16 takes it nevertheless."
    )
    return ready, replace(choice, why=why, agreement=agreement.share)


def _chosen(
    plan: Plan, network: nn.Module, precision: Precision, device: torch.device, runtime: Runtime, place: Place | None
) -> tuple[Ready, Choice]:
    """What predicts in this precision, or in single precision where the processor has no other."""
    if runtime == "auto":
        why = _without_measuring(network, device)
        if why is None:
            return _measured(plan, network, precision, place)
        name = "torch"
    else:
        name, why = runtime, "It was asked for."
    ready = _ready(plan, network, name, precision, device, place)
    return ready, Choice(name, precision, plan.tile_hw, 1, why, {})


def _ready(
    plan: Plan, network: nn.Module, runtime: str, precision: Precision, device: torch.device, place: Place | None
) -> Ready:
    if runtime == "torch":
        return pytorch.ready(network, precision=precision, device=device)
    return openvino.ready(
        network, channels=plan.channels, stride=plan.stride, precision=precision,
        folder=place.compiled(precision, plan.shrink) if place is not None else None,
    )  # fmt: skip


def _without_measuring(network: nn.Module, device: torch.device) -> str | None:
    """Why PyTorch predicts, where nothing else comes into question."""
    weights = sum(parameter.numel() for parameter in network.parameters())
    if device.type != "cpu":
        return f"It runs on {device}."
    if installed() is None:
        return "OpenVINO, which is often faster on a processor, is not installed: pip install 'maskwright[fast]'."
    if weights < FEW_WEIGHTS:
        return f"The network is so small ({weights} weights) that nothing is gained by another runtime."
    return None


def _measured(plan: Plan, network: nn.Module, precision: Precision, place: Place | None) -> tuple[Ready, Choice]:
    """Both runtimes on a square of noise, then tiles of the faster one."""
    cpu = torch.device("cpu")
    first = _ready(plan, network, "torch", precision, cpu, place)
    image = _noise(plan)
    seconds = {"torch": _seconds(first, image) / MEGAPIXELS}
    try:
        other = _ready(plan, network, "openvino", precision, cpu, place)
        difference = _difference(first, other, image)
    except MaskwrightError as error:
        why = str(error).removesuffix(" Predict with --runtime torch.")
        return first, Choice("torch", precision, plan.tile_hw, 1, why, seconds)
    seconds["openvino"] = _seconds(other, image) / MEGAPIXELS
    best, slower = ("openvino", "torch") if seconds["openvino"] * WORTH <= seconds["torch"] else ("torch", "openvino")
    why = f"Measured here: {seconds[best]:.2g} s a megapixel, with {NAMES[slower]} {seconds[slower]:.2g} s."
    if difference > MOST_DIFFERENCE[other.precision]:
        best, why = "torch", f"What OpenVINO draws differs by {difference:.0%} from what PyTorch draws."
    ready = other if best == "openvino" else first
    tile_hw, batch = _tiling(plan, ready, seconds[best])
    return ready, Choice(best, precision, tile_hw, batch, why, seconds)


def _noise(plan: Plan) -> torch.Tensor:
    return torch.rand(1, plan.channels, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def _tiling(plan: Plan, ready: Ready, megapixel_seconds: float) -> tuple[tuple[int, int], int]:
    """The plan's tiles one by one, or some smaller ones at once where these are clearly faster for the pixels they add.

    Networks that find objects keep the plan's tiles, in which objects lie whole. Nothing is tried that would take too long.
    """
    half = tuple(plan.stride * ceil(side / 2 / plan.stride) for side in plan.tile_hw)
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
    *, runtime: str, precision: Precision, tile_hw: list[int], batch: int, why: str,
    megapixel_seconds: dict[str, float], agreement: float | None,
) -> Choice:  # fmt: skip
    """A choice from its JSON value. Raises `ValueError` where it is none."""
    if runtime not in NAMES or precision not in MOST_DIFFERENCE or batch < 1:
        raise ValueError(runtime)
    height, width = tile_hw
    return Choice(runtime, precision, (height, width), batch, why, megapixel_seconds, agreement)
