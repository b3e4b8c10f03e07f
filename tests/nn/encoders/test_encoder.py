import pytest

from maskwright.base.errors import PlanError
from maskwright.nn.encoders.encoder import Step, steps_for, strides_of


def test_a_classifier_halves_at_every_stage():
    steps = steps_for(32, (2, 2, 2, 2, 2))
    assert steps == [Step(2, 1, 1)] * 5
    assert strides_of(steps) == (2, 4, 8, 16, 32)


def test_strides_beyond_the_output_stride_become_dilation():
    """The layer that gives up its stride looks where it looked; those after it look twice as far apart."""
    steps = steps_for(8, (2, 2, 2, 2, 2))
    assert steps[2:] == [Step(2, 1, 1), Step(1, 1, 2), Step(1, 2, 4)]
    assert strides_of(steps) == (2, 4, 8, 8, 8)


def test_a_stage_without_a_stride_goes_on_with_the_dilation_before_it():
    assert steps_for(8, (2, 2, 2, 2, 1))[3:] == [Step(1, 1, 2), Step(1, 2, 2)]


@pytest.mark.parametrize("output_stride", [0, 4, 12, 64])
def test_other_output_strides_are_refused(output_stride):
    with pytest.raises(PlanError, match=f"cannot have the output stride {output_stride}. Possible are: 8, 16, 32"):
        steps_for(output_stride, (2, 2, 2, 2, 2))
