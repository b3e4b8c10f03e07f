"""The processes that train one network together: how they find each other, and what the first one shares with the others."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from maskwright.base.errors import MaskwrightError, PlanError
from maskwright.engine.rank import Rank, own_rank
from maskwright.nn import ranks
from maskwright.nn.device import pick_device

READY = "maskwright-ready"  # set by the first process, when there is something to do for the others
LOOK_SECONDS = 0.2  # between two looks for it
PATIENCE = timedelta(minutes=30)  # with a process that gives no answer, as while the first one validates

State = tuple[dict[str, Tensor], dict[str, Any]]  # of a training, and what is said about it


@dataclass(frozen=True)
class Ranks:
    """One of the processes that train together, or one alone. Every method but `device` and `share_of` is for all to call."""

    own: Rank = field(default_factory=Rank)

    @property
    def is_first(self) -> bool:
        """Whether this is the process that plans, writes, validates and speaks."""
        return self.own.is_first

    @property
    def count(self) -> int:
        """How many there are."""
        return self.own.count

    def device(self, name: str) -> torch.device:
        """The device of a name as `pick_device` has it; of several GPUs each process has one of its own."""
        device = pick_device(name)
        if device.type != "cuda" or ":" in name or self.count == 1:
            return device
        there = torch.cuda.device_count()
        if self.own.local_number >= there:
            raise MaskwrightError(
                f"{self.own.local_count} processes were started on this machine, which has {there} GPUs. Start one for each: "
                f"torchrun --nproc-per-node {there}, or let them share one with --device cuda:0."
            )
        return torch.device("cuda", self.own.local_number)

    def share_of(self, batch: int) -> int:
        """How many of a batch's crops each process has. Raises `PlanError` where they cannot be shared out evenly."""
        if batch % self.count:
            raise PlanError(
                f"A batch of {batch} crops cannot be divided among {self.count} processes. Set one that can be: "
                f"--set batch={(batch // self.count + 1) * self.count}"
            )
        return batch // self.count

    def first_said(self, value: Any) -> Any:
        """The JSON value that the first process has, in all."""
        if self.count == 1:
            return value
        return json.loads(self._sent(json.dumps(value).encode()))

    def first_state(self, state: State) -> State:
        """The state of a training that the first process has, in all."""
        if self.count == 1:
            return state
        tensors, about = state
        about = self.first_said(about)
        whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        return from_bytes(self._sent(to_bytes(whole) if self.is_first else b"")), about

    def all_said(self, words: list[str]) -> list[list[str]]:
        """The words of every process, in all."""
        if self.count == 1:
            return [words]
        own = json.dumps(words).encode()
        return [json.loads(self._sent(own, number)) for number in range(self.count)]

    def any_says(self, yes: bool) -> bool:
        """Whether any process says yes."""
        return any(self.means([float(yes)]))

    def means(self, values: Sequence[float]) -> list[float]:
        """The mean of each number over all processes."""
        if self.count == 1:
            return list(values)
        means: list[float] = (ranks.add_up(torch.tensor(values, dtype=torch.float64)) / self.count).tolist()
        return means

    def average(self, gradients_of: Sequence[Tensor]) -> None:
        """Put the mean of all processes' gradients in the place of each one's own; what has none in any keeps none."""
        if self.count == 1:
            return
        given = [each.grad for each in gradients_of]
        flat = [torch.zeros_like(each) if grad is None else grad for each, grad in zip(gradients_of, given, strict=True)]
        known = flat[0].new_tensor([grad is not None for grad in given])
        whole = ranks.add_up(torch.cat([*(each.flatten() for each in flat), known]))
        *parts, known = torch.split(whole, [*(each.numel() for each in flat), len(flat)])
        for each, part, has_any in zip(gradients_of, parts, known.tolist(), strict=True):
            each.grad = (part / self.count).view_as(each) if has_any else None

    def _sent(self, content: bytes, by: int = 0) -> bytes:
        """The bytes of one process, in all."""
        try:
            length = torch.tensor([len(content)])
            dist.broadcast(length, by)
            is_own = self.own.number == by
            known = bytearray(content) if is_own else bytearray(int(length))
            values = torch.frombuffer(known, dtype=torch.uint8)
            dist.broadcast(values, by)
        except RuntimeError as error:
            raise ranks.lost(error) from error
        return values.numpy().tobytes()


ALONE = Ranks()


@contextmanager
def joined() -> Iterator[Ranks]:
    """Meet the processes that torchrun started, and part at the end; without torchrun, one alone.

    The others wait until the first comes here, however long that takes. On GPUs sums go through NCCL, between processors and
    where processes share a GPU through Gloo. A process that is gone or silent for `PATIENCE` is an error in all others.
    """
    here = own_rank()
    if here.count == 1:
        yield ALONE
        return
    store, number, of = next(iter(rendezvous("env://")))
    if here.is_first:
        store.set(READY, "yes")
    while not store.check([READY]):
        time.sleep(LOOK_SECONDS)  # and not store.wait, which no signal would end
    has_own_gpu = torch.cuda.is_available() and here.local_count <= torch.cuda.device_count() and dist.is_nccl_available()
    backend = "cpu:gloo,cuda:nccl" if has_own_gpu else "gloo"
    dist.init_process_group(backend, store=store, rank=number, world_size=of, timeout=PATIENCE)
    try:
        yield Ranks(here)
    finally:
        dist.destroy_process_group()
