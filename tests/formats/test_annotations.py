"""What annotation formats share: losses are refused unless allowed, and class 0 is always what lies behind objects."""

from pathlib import Path

import pytest

from maskwright.base.errors import MaskValueError
from maskwright.formats.annotations import Loss, Note, check_losses, object_classes


def test_a_loss_is_refused_in_words_and_listed_when_allowed():
    losses = [Loss("a.png", 0, "its hole is filled", 0.9), Loss("b.png", None, "7 ignored pixels")]
    with pytest.raises(
        MaskValueError, match=r"a.png, object 1: its hole is filled \(IoU 0.900\); b.png: 7 ignored.*--allow-loss"
    ):
        check_losses(losses, Path("x.txt"), "YOLO", allow_loss=False)
    assert check_losses(losses, Path("x.txt"), "YOLO", allow_loss=True) == tuple(losses)
    assert check_losses([], Path("x.txt"), "YOLO", allow_loss=False) == ()


def test_of_many_losses_the_error_tells_some_and_counts_the_rest():
    with pytest.raises(MaskValueError, match="and 4 more"):
        check_losses([Loss("a.png", i, "lost") for i in range(9)], Path("x"), "YOLO", allow_loss=False)


def test_the_background_is_class_0_whatever_the_objects_are_called():
    assert object_classes(["cell", "nucleus"]).names == ("background", "cell", "nucleus")
    assert object_classes(["Background", "cell"]).names == ("void", "Background", "cell")
    assert [info.is_thing for info in object_classes(["cell"])] == [False, True]


def test_a_note_reads_as_a_sentence():
    assert (
        str(Note("few-points", "annotation 3", "it has 2 points", "Draw it anew."))
        == "annotation 3: it has 2 points. Draw it anew."
    )
    assert str(Note("odd", "", "something is odd")) == "something is odd."
