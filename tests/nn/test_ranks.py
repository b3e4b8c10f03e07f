"""Batch norms over all processes are torch's own where there is one process, and sums are left as they are."""

import pytest
import torch
from torch import nn

from maskwright.nn.aspp import PooledBatchNorm
from maskwright.nn.ranks import synchronise, totals


def test_one_process_alone_has_its_own_sums():
    sums = torch.tensor(3.5), torch.tensor([1, 2])
    assert totals(*sums) is not None
    assert all(one is other for one, other in zip(totals(*sums), sums, strict=True))


@pytest.mark.parametrize("layer", [nn.BatchNorm2d, PooledBatchNorm])
def test_alone_it_is_torchs_batch_norm_with_its_gradient_and_statistics(layer):
    torch.manual_seed(0)
    values = 3 + 2 * torch.randn(4, 3, 5, 6)
    pull = torch.randn_like(values)
    norms = [layer(3), layer(3)]
    names = list(norms[0].state_dict())
    synchronise(norms[1])
    assert list(norms[1].state_dict()) == names
    assert isinstance(norms[1], nn.BatchNorm2d)  # or it would not be folded away
    said = []
    for norm in norms:
        with torch.no_grad():
            norm.weight.copy_(torch.tensor([0.5, 1.0, -2.0]))
        image = values.clone().requires_grad_()
        outputs = norm(image)
        (outputs * pull).sum().backward()
        said.append([outputs, image.grad, norm.weight.grad, norm.bias.grad, norm.running_mean, norm.running_var])
        said[-1] += [norm.num_batches_tracked.float(), norm.eval()(image)]
    for one, other in zip(*said, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_bfloat16_stays_bfloat16():
    norm = nn.Sequential(nn.BatchNorm2d(3))
    synchronise(norm)
    values = torch.randn(2, 3, 4, 4).bfloat16().requires_grad_()
    outputs = norm(values)
    outputs.sum().backward()
    assert outputs.dtype == values.grad.dtype == torch.bfloat16
    torch.testing.assert_close(outputs.float().mean((0, 2, 3)), torch.zeros(3), atol=0.02, rtol=0)
