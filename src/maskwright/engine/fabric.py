"""Lightning Fabric, which places networks on devices and runs them in a precision."""

import logging

import torch
from lightning_fabric import Fabric

from maskwright.nn.device import Precision


def open_fabric(device: torch.device, precision: Precision) -> Fabric:
    """Fabric on one device, in the precision asked for: bfloat16 by autocast, weights in float32."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    devices = [device.index or 0] if device.type == "cuda" else 1
    return Fabric(accelerator=device.type, devices=devices, precision="bf16-mixed" if precision == "bf16" else "32-true")
