"""What every loss starts from: log-probabilities in full precision, and which pixels count."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

IGNORE_TARGET = -1  # a target of this value counts in no loss


def log_probabilities(logits: Float[Tensor, "b k h w"]) -> Float[Tensor, "b k1 h w"]:
    """Log-probability of every class, in float32 or better; one sigmoid output gives the two classes 0 and 1."""
    logits = logits if logits.dtype == torch.float64 else logits.float()
    if logits.shape[1] == 1:
        return F.logsigmoid(torch.cat([-logits, logits], dim=1))
    return F.log_softmax(logits, dim=1)
