"""The history of an image: what is acknowledged, merged, refused and undone; at last against a naive painter."""

import shutil
import tempfile
import uuid
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from PIL import Image

from maskwright.base.errors import MaskValueError
from maskwright.studio import classes
from maskwright.studio.database import NotSaved
from maskwright.studio.edits import Wanted
from maskwright.studio.history import Conflict, Edit, Step, edit, redo, since, undo
from maskwright.studio.objects import Mask, NotPossible
from maskwright.studio.replay import replay
from maskwright.studio.rows import NotFound, edits_since, objects_of, unpacked
from maskwright.studio.store import open_store
from some_edits import SIZE_HW, draw, mask, mask_of, new_edit, pixels, step


def objects(store, image=1):
    with store.database.reading() as connection:
        return dict(objects_of(connection, image))


def test_an_object_is_made_painted_erased_and_gone(store):
    assert draw(store, 1, 0, "a", (1, 1, 4, 3), tool="brush").revision == 1
    made = edit(store.database, 1, new_edit(1, Wanted("a", add=mask((3, 1, 6, 2)), remove=mask((1, 1, 2, 2)))))
    (change,) = made.changes
    assert (pixels(change.added) == pixels(mask((4, 1, 6, 2)))).all()
    assert (pixels(change.removed) == pixels(mask((1, 1, 2, 2)))).all()
    found = objects(store)["a"]
    assert (found.area, found.mask.box, found.attributes.tool) == (7, (1, 1, 6, 3), "brush")
    made = edit(store.database, 1, new_edit(2, Wanted("a", remove=mask((0, 0, 16, 12)))))
    assert made.changes[0].after is None
    assert objects(store) == {}


def test_undo_and_redo_go_along_one_line(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    edit(store.database, 1, new_edit(1, Wanted("a", {"class_id": 2}), Wanted("b", {"class_id": 1}, mask=mask((0, 0, 1, 1)))))
    with_both = objects(store)
    made = undo(store.database, 1, step(2))
    assert (made.revision, made.can_undo, made.can_redo) == (3, True, True)
    assert set(objects(store)) == {"a"}
    undo(store.database, 1, step(3))
    assert objects(store) == {}
    with pytest.raises(NotPossible, match="nothing to undo"):
        undo(store.database, 1, step(4))
    redo(store.database, 1, step(4))
    redo(store.database, 1, step(5))
    assert objects(store) == with_both
    with pytest.raises(NotPossible, match="nothing to do again"):
        redo(store.database, 1, step(6))


def test_a_new_edit_ends_what_could_be_redone(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    undo(store.database, 1, step(1))
    assert not draw(store, 1, 2, "b", (1, 1, 4, 3)).can_redo


def test_an_edit_that_changes_nothing_is_no_step_of_undo(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    made = edit(store.database, 1, new_edit(1, Wanted("a", add=mask((1, 1, 2, 2)))))
    assert (made.revision, made.changes) == (2, ())
    undo(store.database, 1, step(2))
    assert objects(store) == {}


def test_an_edit_sent_twice_counts_once(store):
    wanted = new_edit(0, Wanted("a", {"class_id": 1}, add=mask((1, 1, 4, 3))))
    first = edit(store.database, 1, wanted)
    draw(store, 1, 1, "b", (8, 8, 9, 9))
    again = edit(store.database, 1, wanted)
    assert (again.revision, again.changes) == (first.revision, first.changes)
    assert set(objects(store)) == {"a", "b"}
    other = Edit(edit_id=wanted.edit_id, base_revision=2, changes=(Wanted("b", delete=True),))
    with pytest.raises(Conflict, match="was used for another edit"):
        edit(store.database, 1, other)
    taken_back = step(2)
    assert undo(store.database, 1, taken_back).revision == undo(store.database, 1, taken_back).revision == 3


def test_edits_that_do_not_touch_are_merged_and_told(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3), client="one")
    made = draw(store, 1, 0, "b", (1, 1, 4, 3), client="two")
    assert (made.revision, made.merged) == (2, True)
    assert [(one["revision"], one["client"]) for one in made.since] == [(1, "one")]


@pytest.mark.parametrize(
    ("mine", "theirs", "is_merged"),
    [
        (Wanted("a", add=mask((8, 8, 9, 9))), Wanted("a", add=mask((8, 8, 10, 10))), True),
        (Wanted("a", add=mask((8, 8, 9, 9))), Wanted("a", remove=mask((2, 1, 3, 2))), True),
        (Wanted("a", add=mask((2, 1, 3, 2))), Wanted("a", remove=mask((2, 1, 3, 2))), False),
        (Wanted("a", remove=mask((9, 9, 10, 10))), Wanted("a", add=mask((8, 8, 10, 10))), False),
        (Wanted("a", add=mask((8, 8, 9, 9))), Wanted("a", {"class_id": 2}), False),
        (Wanted("a", {"class_id": 2}), Wanted("a", add=mask((8, 8, 9, 9))), False),
        (Wanted("a", mask=mask((8, 8, 9, 9))), Wanted("a", add=mask((8, 8, 9, 9))), False),
        (Wanted("a", add=mask((8, 8, 9, 9))), Wanted("a", delete=True), False),
        (Wanted("a", delete=True), Wanted("a", add=mask((8, 8, 9, 9))), False),
    ],
)
def test_two_changes_of_one_object_are_merged_where_their_order_does_not_matter(store, mine, theirs, is_merged):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    edit(store.database, 1, new_edit(1, theirs))
    before = objects(store)
    if is_merged:
        assert edit(store.database, 1, new_edit(1, mine)).merged
        return
    with pytest.raises(Conflict) as raised:
        edit(store.database, 1, new_edit(1, mine))
    assert raised.value.objects == ("a",)
    assert raised.value.revision == 2
    assert [one["revision"] for one in raised.value.since] == [2]
    assert objects(store) == before


@pytest.mark.parametrize(("mine", "theirs"), [(True, False), (False, True), (False, False)])
def test_a_pixel_that_one_claims_alone_is_not_given_to_two(store, mine, theirs):
    draw(store, 1, 0, "a", (1, 1, 4, 3), exclusive=theirs)
    if not mine and not theirs:
        assert draw(store, 1, 0, "b", (3, 2, 9, 9), exclusive=mine).merged
        return
    assert draw(store, 1, 0, "b", (4, 1, 9, 9), exclusive=mine).merged
    with pytest.raises(Conflict):
        draw(store, 1, 0, "c", (3, 2, 5, 5), exclusive=mine)


def test_undo_asks_where_others_came_in_between(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    draw(store, 1, 1, "b", (8, 8, 9, 9))
    with pytest.raises(Conflict):
        undo(store.database, 1, step(1))
    with pytest.raises(Conflict, match="was never at 7"):
        draw(store, 1, 7, "c", (8, 8, 9, 9))


def test_a_locked_object_takes_no_change_but_to_be_unlocked(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    edit(store.database, 1, new_edit(1, Wanted("a", {"locked": True})))
    for refused in (Wanted("a", add=mask((8, 8, 9, 9))), Wanted("a", delete=True), Wanted("a", {"locked": False, "layer": 2})):
        with pytest.raises(NotPossible, match="is locked"):
            edit(store.database, 1, new_edit(2, refused))
    edit(store.database, 1, new_edit(2, Wanted("a", {"locked": False})))
    edit(store.database, 1, new_edit(3, Wanted("a", delete=True)))


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        (Wanted("x", add=mask((0, 0, 1, 1))), NotPossible, "has no class"),
        (Wanted("x", {"class_id": 1}), NotPossible, "There is no object x"),
        (Wanted("x", delete=True), NotPossible, "There is no object x"),
        (Wanted("x", {"class_id": 9}, add=mask((0, 0, 1, 1))), NotPossible, "There is no class 9"),
        (Wanted("x", {"class_id": 1}, add=mask((0, 0, 1, 1)), remove=mask((0, 0, 1, 1))), NotPossible, "has no pixel"),
        (Wanted("x", {"class_id": 1}, add=Mask((0, 0, 17, 1), "0A")), MaskValueError, "outside of the image"),
        (Wanted("x", {"class_id": 1}, add=Mask((0, 0, 2, 1), "05")), MaskValueError, "do not count the pixels"),
    ],
)
def test_what_cannot_be_changes_nothing(store, wanted, error, words):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    with pytest.raises(error, match=words):
        edit(store.database, 1, new_edit(1, Wanted("a", delete=True), wanted))
    assert set(objects(store)) == {"a"}
    assert since(store.database, 1, 0)["revision"] == 1


def test_images_that_there_are_not_or_that_nobody_opened(store):
    with pytest.raises(NotFound, match="no image 99"):
        draw(store, 99, 0, "a", (1, 1, 4, 3))
    with pytest.raises(NotPossible, match="was not opened yet"):
        draw(store, 2, 0, "a", (1, 1, 4, 3))


def test_a_full_disk_changes_nothing_and_says_so(store):
    """SQLite's own limit of pages is what a full disk looks like to it."""
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    with store.database.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    noise = np.random.default_rng(0).integers(0, 2, (40, *SIZE_HW)).astype(bool)
    wanted = new_edit(1, *(Wanted(f"n{place}", {"class_id": 1}, add=mask_of(one)) for place, one in enumerate(noise)))
    with pytest.raises(NotSaved, match=r"full.*Nothing was changed"):
        edit(store.database, 1, wanted)
    assert set(objects(store)) == {"a"}
    with store.database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert edit(store.database, 1, wanted).revision == 2
    assert len(objects(store)) == 41


def test_objects_of_a_removed_class_go_to_another_and_undo_does_not_bring_it_back(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    edit(store.database, 1, new_edit(1, Wanted("a", {"locked": True})))
    with pytest.raises(NotPossible, match="has 1 objects"):
        classes.remove(store.database, 1)
    assert classes.remove(store.database, 1, to=2) == 1
    assert objects(store)["a"].attributes.class_id == 2
    for base in (3, 4, 5):
        undo(store.database, 1, step(base))
    for base in (6, 7, 8):
        redo(store.database, 1, step(base))
    assert objects(store)["a"].attributes.class_id == 2


class Painting(RuleBasedStateMachine):
    """Any strokes, undos, redos and restarts, against boolean arrays and a list of their copies."""

    def __init__(self):
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        (self.place / "photos").mkdir()
        Image.fromarray(np.zeros(SIZE_HW, np.uint8)).save(self.place / "photos" / "a.png")
        self.open()
        self.revision, self.past, self.future, self.now = 0, [], [], {}

    def open(self):
        self.store = open_store(self.place / "x", self.place / "photos", ["cell", "sky"])
        self.store.file_state(1)

    def teardown(self):
        self.store.close()
        shutil.rmtree(self.place)

    def step(self):
        return Step(edit_id=str(uuid.uuid4()), base_revision=self.revision)

    @rule(
        names=st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True),
        box=st.tuples(st.integers(0, 14), st.integers(0, 10), st.integers(1, 9), st.integers(1, 9)),
        how=st.sampled_from(["add", "remove", "mask", "class", "delete"]),
    )
    def change(self, names, box, how):
        x, y, w, h = box
        drawn = np.zeros(SIZE_HW, bool)
        drawn[y : y + h, x : x + w] = True
        after, changes = dict(self.now), []
        for name in names:
            class_id, old = self.now.get(name, (1, np.zeros(SIZE_HW, bool)))
            values = {"class_id": 1} if name not in self.now else {}
            if how in ("remove", "class", "delete") and name not in self.now:
                return
            if how == "class":
                class_id = 3 - class_id
                changes.append(Wanted(name, {"class_id": class_id}))
                new = old
            elif how == "delete":
                changes.append(Wanted(name, delete=True))
                new = drawn & False
            else:
                changes.append(Wanted(name, values, **{how: mask_of(drawn)}))
                new = {"add": old | drawn, "remove": old & ~drawn, "mask": drawn}[how]
            after.pop(name, None)
            if new.any():
                after[name] = (class_id, new)
        edit(self.store.database, 1, new_edit(self.revision, *changes))
        self.revision += 1
        same = after.keys() == self.now.keys() and all(
            after[name][0] == self.now[name][0] and (after[name][1] == self.now[name][1]).all() for name in after
        )
        if not same:
            self.past.append(self.now)
        self.now, self.future = after, []

    @precondition(lambda self: self.past)
    @rule()
    def undo(self):
        undo(self.store.database, 1, self.step())
        self.future.append(self.now)
        self.now = self.past.pop()
        self.revision += 1

    @precondition(lambda self: self.future)
    @rule()
    def redo(self):
        redo(self.store.database, 1, self.step())
        self.past.append(self.now)
        self.now = self.future.pop()
        self.revision += 1

    @rule()
    def restart(self):
        self.store.close()
        self.open()

    @invariant()
    def the_objects_are_those_of_the_painter_and_of_the_journal(self):
        found = objects(self.store)
        assert found.keys() == self.now.keys()
        for name, drawn in found.items():
            class_id, expected = self.now[name]
            assert drawn.attributes.class_id == class_id
            assert (pixels(drawn.mask) == expected).all()
            assert drawn.area == expected.sum()
        with self.store.database.reading() as connection:
            journal = [unpacked(row["changes"]) for row in edits_since(connection, 1, 0)]
        assert replay(journal, SIZE_HW) == found


TestPainting = Painting.TestCase
TestPainting.settings = settings(max_examples=6, stateful_step_count=12, deadline=None)
