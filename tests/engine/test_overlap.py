"""Items come out in order whatever takes how long, one write at a time, and nothing is written after a failure."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.engine.overlap import overlapped


def run(count, *, stop_at=None, small=lambda item: True, fails_at=None):
    """What was written, and what came out."""
    written: list[int] = []
    came: list[tuple[int, int]] = []
    alone = threading.Lock()

    def write(item: int, made: int) -> int:
        assert alone.acquire(blocking=False), "two writes at once"
        try:
            if item == fails_at:
                raise OSError("full")
            written.append(item)
            return made + 1
        finally:
            alone.release()

    results = overlapped(
        range(count), goes_on=lambda number: number != stop_at, read=lambda item: 10 * item, work=lambda value: value + 1,
        write=write, is_small=small,
    )  # fmt: skip
    try:
        came.extend(results)
    except OSError:
        came.append((-1, -1))
    return written, came


@given(count=st.integers(0, 6), large=st.sets(st.integers(0, 6)))
def test_every_item_is_written_once_in_order(count, large):
    written, came = run(count, small=lambda item: item not in large)
    assert written == list(range(count))
    assert came == [(item, 10 * item + 2) for item in range(count)]


@given(stop_at=st.integers(0, 4))
def test_what_was_worked_on_is_written_before_it_stops(stop_at):
    written, came = run(6, stop_at=stop_at)
    assert written == list(range(stop_at))
    assert len(came) == stop_at


@pytest.mark.parametrize("fails_at", [0, 2, 4])
def test_after_a_write_that_fails_there_is_no_other(fails_at):
    written, came = run(5, fails_at=fails_at)
    assert written == list(range(fails_at))
    assert came[-1] == (-1, -1)


def test_the_next_item_is_read_while_one_is_worked_on():
    read_second, worked_first = threading.Event(), []

    def read(item: int) -> int:
        if item == 1:
            read_second.set()
        return item

    def work(item: int) -> int:
        worked_first.append(read_second.wait(5))
        return item

    assert [item for item, _ in overlapped(
        [0, 1], goes_on=lambda _: True, read=read, work=work, write=lambda item, _: item, is_small=lambda _: True
    )] == [0, 1]  # fmt: skip
    assert worked_first == [True, True]


def test_large_items_are_not_read_ahead():
    reads: list[int] = []
    for item, before in overlapped(
        [0, 1, 2], goes_on=lambda _: True, read=lambda item: reads.append(item) or item, work=lambda item: item,
        write=lambda item, _: len(reads), is_small=lambda _: False,
    ):  # fmt: skip
        assert before == item + 1
