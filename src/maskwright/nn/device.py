"""Where the numbers are worked out: the device, its precision, and memory that is kept instead of given back."""

import ctypes
import sys
from typing import Literal

import torch

from maskwright.base.errors import MaskwrightError

Precision = Literal["bf16", "fp32"]


def pick_device(name: str = "auto") -> torch.device:
    """The device called 'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'; 'auto' takes a GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")
    kind = name.split(":")[0]
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind not in present:
        raise MaskwrightError(f"There is no device '{name}'. Possible are: auto, cpu, cuda, cuda:N, mps.")
    if not present[kind]:
        raise MaskwrightError(
            f"--device {name} was asked for, but PyTorch {torch.__version__} sees none. "
            "Install a PyTorch build for it, or leave --device out to run on the CPU."
        )
    return torch.device(name)


def pick_precision(device: torch.device) -> Precision:
    """bfloat16 where the hardware multiplies it natively (AMX, AVX512-BF16, recent GPUs), else float32."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return "bf16" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "fp32"
    return "fp32"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the memory did not suffice. Of a processor's PyTorch says so in a plain `RuntimeError`."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


def keep_memory() -> None:
    """Ask glibc to keep freed memory for the next step, which else costs page faults at every large tensor.

    Without effect where the C library is another one. Measured on two cores: training steps take a tenth to a third less.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4
        mallopt(m_mmap_max, 0)
        mallopt(m_trim_threshold, 2**31 - 1)
        mallopt(m_top_pad, 2**29)
