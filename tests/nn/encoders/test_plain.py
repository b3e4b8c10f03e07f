import torch

from maskwright.nn.encoders.encoder import Step
from maskwright.nn.encoders.plain import PlainEncoder, max_pool

ROWS = torch.tensor([[1.0, 5, 2, 0], [3, 0, 0, 4], [0, 0, 6, 1], [7, 2, 0, 0]])[None, None]


def test_pooling_with_a_stride():
    assert max_pool(ROWS, Step(2, 1, 1)).tolist() == [[[[5, 4], [7, 6]]]]


def test_pooling_without_its_stride_looks_at_the_same_pixels():
    """Each value is the largest of itself, its right, lower and diagonal neighbour; even rows and columns are those above."""
    pooled = max_pool(ROWS, Step(1, 1, 2))
    assert pooled.tolist() == [[[[5, 5, 4, 4], [3, 6, 6, 4], [7, 6, 6, 1], [7, 2, 0, 0]]]]
    assert torch.equal(pooled[..., ::2, ::2], max_pool(ROWS, Step(2, 1, 1)))


def test_neighbours_lie_as_far_apart_as_the_dilation_says():
    assert max_pool(ROWS, Step(1, 2, 4)).tolist() == [[[[6, 5, 6, 1], [7, 4, 0, 4], [6, 1, 6, 1], [7, 2, 0, 0]]]]


def test_other_widths_make_another_encoder():
    encoder = PlainEncoder(channels=1, widths=(2, 3, 4), norm="none")
    assert (encoder.widths, encoder.strides) == ((2, 3, 4), (1, 2, 4))
    assert [values.shape[1:] for values in encoder(torch.zeros(1, 1, 8, 8))] == [(2, 8, 8), (3, 4, 4), (4, 2, 2)]
