"""Reading, working and writing at once: the next item is read and the last one written while one is worked on."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Input = TypeVar("Input")
Output = TypeVar("Output")
Written = TypeVar("Written")


def overlapped(
    items: Sequence[Item],
    *,
    goes_on: Callable[[int], bool],
    read: Callable[[Item], Input],
    work: Callable[[Input], Output],
    write: Callable[[Item, Output], Written],
    is_small: Callable[[Item], bool],
) -> Iterator[tuple[Item, Written]]:
    """Each item with what `write` returned, in order; `work` happens in the calling thread.

    Before each item `goes_on` is asked with its number; where it says no, what was worked on is still written. One write
    happens at a time, so that after one that fails there is no other. Of items that are not small, one is in memory at a time.
    """
    with ThreadPoolExecutor(1, "reading") as reader, ThreadPoolExecutor(1, "writing") as writer:
        coming: Future[Input] | None = None
        going: tuple[Item, Future[Written]] | None = None
        for number, item in enumerate(items):
            if not goes_on(number):
                break
            given = read(item) if coming is None else coming.result()
            following = items[number + 1] if number + 1 < len(items) else None
            reads_ahead = following is not None and is_small(following) and is_small(item)
            coming = reader.submit(read, following) if reads_ahead and following is not None else None
            made = work(given)
            if going is not None:
                yield going[0], going[1].result()
            going = (item, writer.submit(write, item, made))
            del given, made
            if coming is None:
                yield going[0], going[1].result()
                going = None
        if going is not None:
            yield going[0], going[1].result()
