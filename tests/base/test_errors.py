"""Errors that a person can act on."""

import pytest

from maskwright.base import errors
from maskwright.base.errors import MaskwrightError, did_you_mean


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("lerning_rate", ["batch", "learning_rate"], "Did you mean 'learning_rate'?"),
        ("zzz", ["crop", "batch"], "Possible are: batch, crop."),
        ("batch", {"batch": 1}, "Did you mean 'batch'?"),
    ],
)
def test_the_nearest_name_is_offered_or_all_are_listed(name, options, said):
    assert did_you_mean(name, options) == said


def test_every_error_of_the_package_is_one_that_the_command_line_prints():
    found = [error for error in vars(errors).values() if isinstance(error, type) and issubclass(error, Exception)]
    assert len(found) > 5
    assert all(issubclass(error, MaskwrightError) for error in found)
