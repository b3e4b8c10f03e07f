"""What a plan costs on this machine, measured: seconds and memory of a step and of a prediction."""

import time
from contextlib import closing
from dataclasses import dataclass
from statistics import quantiles
from typing import cast

import psutil
import torch
from torch import nn

from maskwright.base.errors import PlanError
from maskwright.models import MaskRCNN, PanopticFPN
from maskwright.nn.device import is_out_of_memory, keep_memory, pick_device
from maskwright.nn.fold import fold_batch_norm
from maskwright.plan.objective import batches_of, build_network, detects, losses_of, on_whole_images, start_encoder
from maskwright.plan.plan import Plan
from maskwright.sampling.batches import Batch, prefetch
from maskwright.sampling.samples import PreparedSamples

WARM_STEPS = 2
FEWEST_STEPS, MOST_STEPS = 4, 25  # timed
TIMED_SECONDS = 4.0


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds of one training step with its share of making batches, seconds a megapixel predicted, and memory."""

    step_seconds: float
    megapixel_seconds: float
    memory_gb: float


def measure(plan: Plan, samples: PreparedSamples, *, device: str = "auto") -> Cost:
    """Take a few real steps of the plan on its own data, and predict one tile. The weights are thrown away.

    Raises `PlanError` where the memory does not suffice, and `WeightsError` where the weights to start from do not fit.
    """
    keep_memory()
    where = pick_device(device)
    try:
        with torch.random.fork_rng(devices=[]):
            network = build_network(plan)
            start_encoder(plan, network)
        network = network.to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]
        step_seconds, memory_gb = _training(plan, samples, network, where)
        megapixel_seconds = _prediction(plan, network, where)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise PlanError(
            f"A batch of {plan.batch} crops of {plan.crop_hw} pixels does not fit into the memory of {where}. "
            "Plan with less: --set batch=2, --set crop_hw=[128,128] or narrower --set model.widths=[16,32,64]"
        ) from error
    return Cost(step_seconds=step_seconds, megapixel_seconds=megapixel_seconds, memory_gb=memory_gb)


def _training(plan: Plan, samples: PreparedSamples, network: nn.Module, device: torch.device) -> tuple[float, float]:
    """Seconds of a step, and the memory that training adds to the process (or takes on the GPU)."""
    losses = losses_of(plan)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-6)
    batches = batches_of(plan, samples)
    before, seconds = _memory_gb(device), []
    most = before
    with closing(prefetch(batches, range(WARM_STEPS + MOST_STEPS))) as steps:
        began = time.perf_counter()
        for batch in steps:
            image = batch.image.to(device, memory_format=torch.channels_last)
            with torch.autocast(device.type, torch.bfloat16, enabled=plan.precision == "bf16"):
                terms = losses(network, Batch(image, batch.target.to(device), batch.ids))
            optimizer.zero_grad(set_to_none=True)
            torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            most = max(most, _memory_gb(device))
            seconds.append(time.perf_counter() - began)
            timed = seconds[WARM_STEPS:]
            if len(timed) >= FEWEST_STEPS and sum(timed) > TIMED_SECONDS:
                break
            began = time.perf_counter()
    return quantiles(timed, n=4)[0], most - before  # the quarter that other programs disturbed least


@torch.inference_mode()
def _prediction(plan: Plan, network: nn.Module, device: torch.device) -> float:
    """Seconds a megapixel, in the precision and with the folding that prediction uses."""
    kind = torch.bfloat16 if plan.precision == "bf16" else torch.float32
    folded = fold_batch_norm(on_whole_images(plan, network)).to(device, kind, memory_format=torch.channels_last)  # type: ignore[call-overload]
    side = min(512 * plan.shrink, *plan.tile_hw)
    tile = torch.zeros(1, plan.channels, side, side, device=device, dtype=kind).contiguous(memory_format=torch.channels_last)
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        if detects(plan):
            cast(MaskRCNN | PanopticFPN, folded).detect(tile)
        else:
            folded(tile).float().cpu()
        seconds.append(time.perf_counter() - began)
    return min(seconds) / (side * side / 1e6)


def _memory_gb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    return float(psutil.Process().memory_info().rss / 2**30)
