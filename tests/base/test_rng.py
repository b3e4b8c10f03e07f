"""Random streams are repeatable and of no influence on each other."""

import numpy as np

from maskwright.base.rng import stream


def test_the_same_seed_and_names_give_the_same_numbers_on_every_machine_and_in_every_version():
    assert stream(1, "crop", 7).integers(0, 1000, 5).tolist() == [562, 22, 22, 452, 426]


def test_streams_differ_by_seed_and_by_every_part_of_their_name():
    names = [(0,), (1,), (0, "crop"), (0, "crop", 1), (0, "crop", 2), (0, "cro", "p1"), (0, "crop1"), (1, "crop", 1)]
    first = [stream(*name).integers(0, 2**63) for name in names]
    assert len(set(first)) == len(names)


def test_drawing_from_one_stream_moves_no_other():
    other = stream(0, "b")
    expected = stream(0, "b").random(3)
    stream(0, "a").random(100)
    np.testing.assert_array_equal(other.random(3), expected)
