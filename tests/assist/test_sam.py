"""Segment Anything as an assistant: what the networks are told, and what becomes of what they draw."""

import threading

import numpy as np
import pytest

from fake_sam import FakeNetworks
from maskwright.assist.assistant import Assistant, Session
from maskwright.assist.embeddings import EmbeddingCache
from maskwright.assist.sam import Sam
from maskwright.assist.sam_networks import BOX_END, BOX_START, LOW, NEGATIVE, POSITIVE, SIDE, Answer, scaled_size
from maskwright.assist.sam_view import View

DISC = 30 - np.hypot(*np.ogrid[-96:160, -128:128])
EMPTY = np.zeros((256, 64, 64), np.float32)
NO_CLICKS = np.zeros((0, 2), np.int64), np.zeros(0, bool)


def photo(height=300, width=400):
    return np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)


def clicks(*xyp):
    return np.array([click[:2] for click in xyp], np.int64), np.array([click[2] for click in xyp], bool)


def test_it_is_an_assistant():
    assistant = Sam(FakeNetworks())
    assert isinstance(assistant, Assistant)
    assert isinstance(assistant.open(photo()), Session)


@pytest.mark.parametrize(
    ("size_hw", "expected"),
    [((512, 1024), (512, 1024)), ((100, 50), (1024, 512)), ((3, 4096), (1, 1024)), ((1, 1), (1024, 1024))],
)
def test_the_longer_side_fills_the_square(size_hw, expected):
    assert scaled_size(size_hw) == expected


def test_places_on_the_square_counted_by_hand():
    """Of a view of 512 x 256 pixels each is two of the square; the decoder adds the half pixel that is taken off here."""
    view = View((100, 50, 612, 306), EMPTY)
    np.testing.assert_allclose(view.to_square(np.array([[100.5, 50.5], [612.0, 306.0]])), [[0.5, 0.5], [1023.5, 511.5]])


def test_a_mask_that_is_handed_on_comes_back():
    view = View((10, 20, 138, 84), EMPTY)
    mask = np.zeros((100, 150), bool)
    mask[30:60, 40:100] = True
    logits = view.to_logits(mask)
    assert logits.shape == (LOW, LOW)
    np.testing.assert_array_equal(view.region(logits).mask((100, 150)), mask)
    assert view.region(np.full((LOW, LOW), -1, np.float32)).area == 0


def test_one_click_is_answered_by_the_surest_mask():
    networks = FakeNetworks()
    found = Sam(networks).open(photo()).mask(*clicks((200, 150, True)))
    x0, y0, x1, y1 = found[0].region.box_xyxy
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((200.5, 150.5), abs=1)
    assert x1 - x0 == pytest.approx(2 * 20.5 * 400 / LOW, abs=2)
    assert [round(each.score, 2) for each in found] == sorted((round(each.score, 2) for each in found), reverse=True)
    (prompt,) = networks.prompts
    np.testing.assert_allclose(prompt.points_xy, [[200.5 * SIDE / 400 - 0.5, 150.5 * SIDE / 400 - 0.5]])
    assert prompt.kinds.tolist() == [POSITIVE]
    assert prompt.logits is None


def test_a_box_is_told_by_its_corners():
    networks = FakeNetworks()
    Sam(networks).open(photo()).mask(*clicks((5, 5, False)), box_xyxy=(100, 50, 200, 150))
    assert networks.prompts[0].kinds.tolist() == [NEGATIVE, BOX_START, BOX_END]
    np.testing.assert_allclose(networks.prompts[0].points_xy[1:], np.array([[100, 50], [200, 150]]) * SIDE / 400 - 0.5)


def test_a_small_object_is_looked_at_more_closely_and_its_mask_handed_on():
    networks = FakeNetworks()
    session = Sam(networks).open(photo())
    small = np.zeros((300, 400), bool)
    small[100:112, 100:114] = True
    session.mask(*clicks((106, 106, True), (130, 106, True)), previous=small)
    assert networks.encoded[0] == (300, 400)
    assert max(networks.encoded[1]) < 200
    assert networks.prompts[0].logits is not None
    session.mask(*clicks((106, 106, True), (130, 106, True), (90, 90, False)), previous=small)
    assert len(networks.encoded) == 2, "the closer look is kept"


def test_a_large_object_is_not():
    networks = FakeNetworks()
    large = np.zeros((300, 400), bool)
    large[50:250, 50:300] = True
    Sam(networks).open(photo()).mask(*clicks((100, 100, True), (350, 100, True)), previous=large)
    assert networks.encoded == [(300, 400)]


def test_where_no_mask_follows_the_clicks_the_outline_moves():
    """The fake draws around the last positive click alone, so that it never has both."""
    before = np.zeros((300, 400), bool)
    before[100:150, 100:350] = True
    found = (
        Sam(FakeNetworks()).open(photo()).mask(*clicks((110, 110, True), (345, 125, True), (352, 125, True)), previous=before)
    )
    assert found[0].name == "outline"
    assert found[0].region.mask((300, 400))[125, [110, 345, 352]].all()


def test_a_mask_of_nearly_everything_is_not_what_one_click_means():
    networks = FakeNetworks()
    networks.decode = lambda embedding, prompt: Answer(
        np.stack([np.full((LOW, LOW), 5.0), DISC, DISC + 1, DISC + 2]).astype(np.float32),
        np.array([1.0, 0.8, 0.7, 0.6], np.float32),
    )
    (first, *_) = Sam(networks).open(photo()).mask(*clicks((200, 150, True)))
    assert first.region.area < 0.2 * 300 * 400


@pytest.mark.parametrize(
    "image", [photo(1, 1), photo(1, 50), np.zeros((40, 30, 1), np.uint16), np.zeros((40, 30, 6), np.float32)]
)
@pytest.mark.parametrize(
    "asked",
    [clicks((0, 0, True)), clicks((-3, 9**9, True)), clicks((0, 0, False)), NO_CLICKS, clicks(*[(0, 0, True)] * 10_000)],
)
@pytest.mark.parametrize("box", [None, (-9, -9, 4, 4)])
def test_whatever_is_asked_has_an_answer_inside_the_image(image, asked, box):
    height, width = image.shape[:2]
    session = Sam(FakeNetworks()).open(image)
    for previous in (None, np.ones((height, width), bool)):
        for each in session.mask(*asked, box_xyxy=box, previous=previous):
            x0, y0, x1, y1 = each.region.box_xyxy
            assert 0 <= x0 < x1 <= width
            assert 0 <= y0 < y1 <= height
            assert 0 <= each.score <= 1


def test_nothing_says_where_the_object_is():
    assert Sam(FakeNetworks()).open(photo()).mask(*clicks((3, 3, False))) == []


def test_everything_is_proposed_each_object_once():
    found = Sam(FakeNetworks()).open(photo()).propose()
    assert len(found) > 10
    assert all(each.score >= 0.85 for each in found)


def test_an_image_is_encoded_once_for_ever(tmp_path):
    cache, networks = EmbeddingCache(tmp_path), FakeNetworks()
    for _ in range(2):
        Sam(networks, cache=cache).open(photo())
    assert len(networks.encoded) == 1
    Sam(networks, cache=cache).open(photo()[:, ::-1])
    assert len(networks.encoded) == 2


class Straying(FakeNetworks):
    """Is sure of a disc around the last click, whatever was there before."""

    def decode(self, embedding, prompt):
        answer = super().decode(embedding, prompt)
        return Answer(answer.logits[:1], np.full(1, 0.99, np.float32))


@pytest.mark.parametrize(("x", "who"), [(302, "outline"), (560, "sam")])
def test_a_click_beside_the_outline_moves_it_and_one_far_off_may_mean_another_mask(x, who):
    session = Sam(Straying()).open(photo(600, 600))
    before = np.zeros((600, 600), bool)
    before[100:500, 100:300] = True
    found = session.mask(*clicks((x, 300, True)), previous=before)
    assert found[0].name == who


def test_what_a_first_click_gave_is_looked_at_more_closely_while_a_person_looks_at_it():
    """The second click finds that part encoded, and the first was not kept waiting for it."""
    networks = Slow()
    session = Sam(networks, looks_ahead=True).open(np.zeros((900, 1200, 3), np.uint8))
    assert len(networks.prompts) == 1  # the decoder was loaded before anybody clicked
    (best, *_) = session.mask(np.array([[600, 450]]), np.array([True]))
    assert len(networks.encoded) == 1  # the first click did not wait
    networks.may_go.set()
    session.mask(np.array([[600, 450], [604, 452]]), np.array([True, True]), previous=best.region.mask((900, 1200)))
    assert len(networks.encoded) == 2
    session.mask(np.array([[600, 450], [604, 452]]), np.array([True, True]), previous=best.region.mask((900, 1200)))
    assert len(networks.encoded) == 2


class Slow(FakeNetworks):
    """Encodes the second picture when it is told to."""

    def __init__(self):
        super().__init__()
        self.may_go = threading.Event()

    def encode(self, picture):
        if self.encoded:
            assert self.may_go.wait(60)
        return super().encode(picture)
