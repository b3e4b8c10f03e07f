"""Objects linked from plane to plane: by hand first, then as Cellpose's rule has it, one to one always, part by part alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.masks.link import SharedPixels, StackNumbers, link_planes

NOTHING = np.zeros((0, 2), np.int64)


def planes(*rows):
    """Label images of one row each."""
    return [np.array([row], np.int32) for row in rows]


def over_the_stack(labels, min_iou=0.25):
    """The planes with their numbers over the stack."""
    counting, numbers = StackNumbers(), []
    for place, plane in enumerate(labels):
        objects = np.unique(plane[plane > 0]).astype(np.int64)
        if place:
            numbers.append(counting.following(objects, link_planes(labels[place - 1], plane, min_iou=min_iou), numbers[-1]))
        else:
            numbers.append(counting.first(objects))
    return [of_plane[plane] for of_plane, plane in zip(numbers, labels, strict=True)]


def as_cellpose(labels, min_iou):
    """What Cellpose's rule says, written down anew: of each object before its best partner, of those to each the best before.

    Only for planes none of which is empty. It gave what `stitch3D` of Cellpose 4.2.1.1 gives on 600 stacks of blobs by chance.
    """
    out, most = [labels[0].copy()], int(labels[0].max())
    for plane in labels[1:]:
        before, new = out[-1], np.zeros_like(plane)
        ious = {}
        for one in np.unique(before[before > 0]):
            for other in np.unique(plane[plane > 0]):
                both = np.sum((before == one) & (plane == other))
                either = np.sum((before == one) | (plane == other))
                if both and both / either >= min_iou:
                    ious[one, other] = both / either
        best = {one: max(value for (a, _), value in ious.items() if a == one) for one, _ in ious}
        kept = {pair: value for pair, value in ious.items() if value == best[pair[0]]}
        fresh = []
        for other in np.unique(plane[plane > 0]):
            mine = {one: value for (one, b), value in kept.items() if b == other}
            if mine:
                new[plane == other] = max(mine, key=lambda one: (mine[one], -one))
            else:
                fresh.append(other)
        for other in fresh:
            most += 1
            new[plane == other] = most
        out.append(new)
    return out


def test_the_largest_overlap_goes_on_and_the_rest_is_new():
    first, second = planes([1, 1, 1, 1, 0, 2, 2, 2], [3, 1, 1, 1, 0, 0, 2, 2])
    assert link_planes(first, second).tolist() == [[1, 1], [2, 2]]  # 3 and its quarter of object 1 come too late
    numbered = over_the_stack([first, second])
    assert numbered[1].tolist() == [[3, 1, 1, 1, 0, 0, 2, 2]]


@pytest.mark.parametrize(("min_iou", "links"), [(1 / 3, [[1, 1]]), (0.34, [])])
def test_a_pair_of_just_the_least_overlap_is_linked(min_iou, links):
    first, second = planes([1, 1, 0], [0, 1, 1])  # 1 pixel of 3
    assert link_planes(first, second, min_iou=min_iou).tolist() == links


def test_numbers_are_unique_over_the_stack_and_none_comes_back_after_an_empty_plane():
    stack = planes([1, 1, 0, 2], [0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1])
    assert [plane.tolist()[0] for plane in over_the_stack(stack)] == [[1, 1, 0, 2], [0, 0, 0, 0], [3, 3, 0, 0], [0, 0, 0, 4]]


def test_an_object_whose_best_partner_is_taken_has_its_next_best():
    """Cellpose starts a new object there: object 2 prefers what went on with number 1."""
    first, second = planes([1] * 6 + [2] * 4 + [0, 0], [1] * 9 + [2] * 3)  # 2: 3 of 10 with 1, 1 of 6 with 2
    assert link_planes(first, second, min_iou=0.1).tolist() == [[1, 1], [2, 2]]
    assert as_cellpose([first, second], 0.1)[1].tolist()[0][-1] == 3


def test_of_two_equal_halves_one_goes_on():
    """With Cellpose both would have the number of the whole."""
    first, second = planes([1, 1, 1, 1], [1, 1, 2, 2])
    assert link_planes(first, second).tolist() == [[1, 1]]
    assert over_the_stack([first, second])[1].tolist() == [[1, 1, 2, 2]]
    assert as_cellpose([first, second], 0.25)[1].tolist() == [[1, 1, 1, 1]]


def discs(centers, radius=9, side=64):
    rows, columns = np.mgrid[:side, :side]
    out = np.zeros((side, side), np.int32)
    for number, (y, x) in enumerate(centers, 1):
        out[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = number
    return out


def test_discs_that_move_keep_their_numbers_and_are_those_of_cellpose():
    """Three discs: one moves, one ends, one begins; the numbers in each plane are mixed up."""
    stack = [
        discs([(15, 15), (45, 15)]),
        discs([(46, 17), (15, 19)]),
        discs([(15, 23), (45, 45)]),
        discs([(45, 47), (15, 27)]),
    ]
    out = over_the_stack(stack)
    assert [int(plane[15, x]) for plane, x in zip(out, (15, 19, 23, 27), strict=True)] == [1, 1, 1, 1]
    assert [int(out[0][45, 15]), int(out[1][46, 17]), int(out[2][45, 45]), int(out[3][45, 47])] == [2, 2, 3, 3]
    for ours, theirs in zip(out, as_cellpose(stack, 0.25), strict=True):
        assert np.array_equal(ours, theirs)


LABELS = arrays(np.int32, (6, 7), elements=st.integers(0, 4))


@settings(max_examples=60, deadline=None)
@given(LABELS, LABELS, st.floats(0.01, 1))
def test_links_are_one_to_one_and_any_parts_give_the_same(before, after, min_iou):
    links = link_planes(before, after, min_iou=min_iou)
    assert len(set(links[:, 0].tolist())) == len(set(links[:, 1].tolist())) == len(links)
    for one, other in links.tolist():
        assert np.sum((before == one) & (after == other)) / np.sum((before == one) | (after == other)) >= min_iou
    parts = SharedPixels()
    for rows in (slice(0, 1), slice(1, 4), slice(4, 6)):
        parts.add(before[rows], after[rows])
    assert np.array_equal(parts.links(min_iou), links)


@settings(max_examples=60, deadline=None)
@given(LABELS, LABELS)
def test_above_one_half_no_object_has_a_choice_and_cellpose_says_the_same(before, after):
    if not before.any() or not after.any():
        return
    out = over_the_stack([before, after], min_iou=0.51)
    expected = as_cellpose([over_the_stack([before])[0].astype(np.int32), after], 0.51)
    pairs = {(int(a), int(b)) for a, b in zip(out[1].ravel(), expected[1].ravel(), strict=True)}
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)  # the same but for the names of new ones
    old = set(np.unique(out[0]).tolist())
    assert all(a == b for a, b in pairs if a in old or b in old)


def test_nothing_is_linked_to_nothing():
    first, second = planes([0, 0], [0, 0])
    assert np.array_equal(link_planes(first, second), NOTHING)
