"""Weights files: safetensors with a digest inside, so that a damaged file is never taken for a whole one."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from maskwright.base.errors import WeightsError
from maskwright.base.files import atomic_write

_DIGEST = "sha256"
_ABOUT = "maskwright"


def save_weights(path: Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
    """Write tensors and a JSON value about them, atomically; the digest covers both."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(about, sort_keys=True)
    atomic_write(path, to_bytes(tensors, metadata={_ABOUT: text, _DIGEST: _digest(tensors, text)}))


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and what was said about them. Raises `WeightsError` on a damaged or foreign file; runs no code from it."""
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such weights file.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a dict
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(
            f"{path}: not a readable safetensors file ({error}). It is cut off or of another kind; a pickle is never opened."
        ) from error
    if _ABOUT not in metadata or _DIGEST not in metadata:
        raise WeightsError(f"{path}: these weights were not written by maskwright (no '{_ABOUT}' entry in their header).")
    if _digest(tensors, metadata[_ABOUT]) != metadata[_DIGEST]:
        raise WeightsError(f"{path}: the weights are damaged (their SHA-256 is not the one noted inside). Use an older copy.")
    return tensors, json.loads(metadata[_ABOUT])


def _digest(tensors: dict[str, Tensor], about: str) -> str:
    digest = hashlib.sha256(about.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
