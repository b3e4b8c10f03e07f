"""Where the weights of a new run come from: an encoder's file, another run, or chance; and what that run has seen before."""

from dataclasses import replace
from pathlib import Path

from torch import nn

from maskwright.base.files import read_json, sha256
from maskwright.data.split import Split
from maskwright.engine.manifest import manifest
from maskwright.engine.weights import load_weights
from maskwright.nn.fit import fit_weights
from maskwright.plan.objective import start_encoder
from maskwright.plan.plan import Plan
from maskwright.plan.start import WEIGHTS


def start_network(plan: Plan, network: nn.Module) -> str | None:
    """Load what a fresh network starts from; in words, which weights of another run these are.

    Raises `WeightsError` where the weights are not there, are damaged or belong to another network.
    """
    if plan.start_from is None:
        start_encoder(plan, network)
        return None
    path = Path(plan.start_from) / WEIGHTS
    tensors, about = load_weights(path)
    fit_weights(network, tensors, path)
    return f"The weights are those of {plan.start_from} at step {about['step']} (SHA-256 {sha256(path)[:16]})."


def with_past(plan: Plan, split: Split) -> Split:
    """The split; its statement says it where held-out images were trained on in the run that this one starts from."""
    if plan.start_from is None:
        return split
    folder = Path(plan.start_from)
    digests, parts = read_json(folder / "data.json"), read_json(folder / "split.json")["parts"]
    trained = {digests[entry["id"]].split(" ")[0] for entry in parts["train"] if entry["id"] in digests}
    held_out = manifest(part for name, part in split.parts.items() if name != "train")
    seen = sum(digest.split(" ")[0] in trained for digest in held_out.values())
    if not seen:
        return split
    words = f"{seen} of the held-out images were trained on in {folder.name}, from which this run starts: scores are too good."
    return replace(split, statement=f"{split.statement} {words}")
