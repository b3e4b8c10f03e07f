"""A small folder for the mask doctor, in which nothing is wrong."""

import pytest

from some_folders import picture, put, square


@pytest.fixture
def folder(tmp_path):
    """Four good images with binary masks."""
    for number in range(4):
        put(tmp_path, f"images/good{number}.png", picture(number))
        put(tmp_path, f"masks/good{number}.png", square())
    return tmp_path
