"""Tensors by name into a network, if every name and shape agrees; else the differences are listed."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from maskwright.base.errors import WeightsError

LISTED = 5  # names of each kind in a message; one is enough to see the cause


def fit_weights(network: nn.Module, tensors: Mapping[str, Tensor], source: Path | str) -> None:
    """Load tensors into a network. Raises `WeightsError` listing what is missing, unknown or of another shape."""
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if wanted != given:
        missing, surplus = sorted(wanted.keys() - given.keys()), sorted(given.keys() - wanted.keys())
        shapes = [
            f"{n} {given[n]} instead of {wanted[n]}" for n in sorted(wanted.keys() & given.keys()) if wanted[n] != given[n]
        ]
        listed = "; ".join(
            f"{title}: {', '.join(names[:LISTED])}{f' and {len(names) - LISTED} more' if len(names) > LISTED else ''}"
            for title, names in (("missing", missing), ("unknown", surplus), ("other shape", shapes))
            if names
        )
        raise WeightsError(f"{source}: the weights belong to another network. {listed}.")
    network.load_state_dict(dict(tensors))
