"""Panoptic quality: by hand, against panopticapi's rules on random maps, and what holds for all maps."""

import json
import math
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import DataError, MaskValueError
from maskwright.masks.classes import Classes
from maskwright.masks.convert import to_label_map
from maskwright.masks.overlap import class_table
from maskwright.masks.types import Panoptic, Segment
from maskwright.metrics.panoptic import PanopticTally, scores, tally
from maskwright.metrics.scores import Scores
from panopticapi_rules import panoptic_quality

CAR, BUS, ROAD = range(3)
GOLDEN = Path(__file__).parents[1] / "golden"
CASES = runpy.run_path(str(GOLDEN / "panoptic_cases.py"))
MIXED = Classes.named(*CASES["NAMES"], things=CASES["THINGS"])


def value(found: Scores, metric: str, subject: str) -> float:
    return found.row(metric, subject).value


def scored(*pairs: tuple[Panoptic, Panoptic], **said: int) -> Scores:
    ids = [str(i) for i in range(len(pairs))]
    return scores(ids, [tally(*pair, id=id) for pair, id in zip(pairs, ids, strict=True)], pairs[0][0].classes, **said)


def panoptic_of(drawn: Any) -> Panoptic:
    """A map of `golden/panoptic_cases.py`."""
    ids, class_of, crowds = drawn
    return Panoptic(ids, tuple(Segment(id, class_id, is_crowd=id in crowds) for id, class_id in class_of.items()), MIXED)


def random_pair(seed: int) -> tuple[Panoptic, Panoptic]:
    truth = CASES["random_map"](seed, crowds=True)
    return panoptic_of(truth), panoptic_of(CASES["random_map"](seed + 1, truth))


def test_by_hand(panoptic):
    """A car of 4 pixels, 3 of them found: 3/4. Road: 8 of 9. A bus nobody drew, predicted as no void: spurious, so 0."""
    truth = panoptic([[1, 1, 2, 2], [1, 1, 2, 2], [2, 2, 2, 2]], {1: CAR, 2: ROAD})
    seen = panoptic([[7, 7, 5, 5], [7, 5, 5, 5], [5, 5, 5, 5]], {7: CAR, 5: ROAD})
    found = scored((truth, seen))
    assert value(found, "PQ", "car") == 3 / 4
    assert value(found, "PQ", "road") == 8 / 9
    assert math.isnan(value(found, "PQ", "bus"))
    assert value(found, "PQ", "all classes") == pytest.approx((3 / 4 + 8 / 9) / 2)
    assert value(found, "PQ", "thing classes") == 3 / 4  # the bus is in no mean
    assert value(found, "PQ", "stuff classes") == 8 / 9
    assert [value(found, metric, "car") for metric in ("SQ", "RQ", "hits", "spurious", "missed")] == [3 / 4, 1, 1, 0, 0]
    assert [value(found, metric, "all segments") for metric in ("hits", "spurious", "missed")] == [2, 0, 0]
    assert found.headline == "PQ/all classes"


def test_quality_is_that_of_segmentation_times_that_of_recognition(panoptic):
    """One hit of 1, one missed, one spurious; another hit of 3/4: PQ 7/4 over 3."""
    truth = panoptic([[1, 1, 1, 1], [2, 2, 2, 2], [3, 3, 4, 4]], {1: CAR, 2: CAR, 3: CAR, 4: ROAD})
    seen = panoptic([[1, 1, 1, 1], [2, 2, 2, 4], [4, 4, 5, 5]], {1: CAR, 2: CAR, 5: CAR, 4: ROAD})
    found = scored((truth, seen))
    assert value(found, "PQ", "car") == pytest.approx((1 + 3 / 4) / 3)
    assert value(found, "SQ", "car") == 7 / 8
    assert value(found, "RQ", "car") == 2 / 3
    assert [value(found, metric, "road") for metric in ("PQ", "SQ", "RQ")] == [0, 0, 0]


def test_images_are_counted_together_and_classes_in_one_alone_score_zero(panoptic):
    car, bus = panoptic([[1, 1, 2]], {1: CAR, 2: ROAD}), panoptic([[1, 1, 2]], {1: BUS, 2: ROAD})
    found = scored((car, car), (car, bus))
    assert value(found, "PQ", "car") == pytest.approx(1 / 1.5)
    assert value(found, "PQ", "bus") == 0
    assert value(found, "PQ", "all classes") == pytest.approx((1 / 1.5 + 0 + 1) / 3)
    assert "'bus'" in found.warnings[0]
    assert found.per_image[0]["misnamed"] == 1


def test_nothing_to_measure_is_no_number_and_no_error(panoptic):
    nothing = panoptic([[0, 0]], {})
    found = scored((nothing, nothing))
    assert all(math.isnan(row.value) for row in found.rows if row.metric in ("PQ", "SQ", "RQ", "iou"))
    assert found.per_image[0]["score"] is None
    assert found.warnings == ("Every pixel of the ground truth is void: nothing can be measured.",)
    with pytest.raises(DataError, match="There is no image to score"):
        scores([], [], nothing.classes)


def test_an_empty_prediction_scores_zero(panoptic):
    found = scored((panoptic([[1, 2]], {1: CAR, 2: ROAD}), panoptic([[0, 0]], {})))
    assert value(found, "PQ", "all classes") == 0
    assert value(found, "missed", "all segments") == 2


@pytest.mark.parametrize("seed", range(12))
def test_it_is_panopticapi_to_a_billionth_with_void_crowds_and_missing_classes(seed):
    pairs = []
    for i in range(3):
        pairs.append(random_pair(100 * seed + 2 * i))
    expected, found = panoptic_quality(pairs, MIXED), scored(*pairs)
    subjects = {"All": "all classes", "Things": "thing classes", "Stuff": "stuff classes", **dict(enumerate(MIXED.names))}
    for key, subject in subjects.items():
        seen = [value(found, metric, subject) for metric in ("PQ", "SQ", "RQ")]
        wanted = (math.nan,) * 3 if expected[key] is None else expected[key]
        np.testing.assert_allclose(seen, wanted, rtol=0, atol=1e-9)
    assert expected[len(MIXED) - 1] is None
    assert 0 < expected["All"][0] < 1  # maps that say something


def test_it_is_what_another_implementation_computes_that_is_held_against_panopticapi():
    """Twenty images with void and crowds, by hotcoco: see golden/README.md."""
    golden = json.loads((GOLDEN / "panoptic-quality.json").read_text())
    found = scored(*((panoptic_of(truth), panoptic_of(seen)) for truth, seen in CASES["pairs"]()))
    for key, subject in (("All", "all classes"), ("Things", "thing classes"), ("Stuff", "stuff classes")):
        for metric in ("PQ", "SQ", "RQ"):
            assert value(found, metric, subject) == pytest.approx(golden[key][metric.lower()], abs=1e-9)
    for number, name in enumerate(MIXED.names, 1):
        expected = golden["per_class"][str(number)]
        for metric, key in (("hits", "tp"), ("spurious", "fp"), ("missed", "fn")):
            assert value(found, metric, name) == expected[key]
        if expected["tp"]:
            assert value(found, "PQ", name) == pytest.approx(expected["pq"], abs=1e-9)


@given(st.integers(0, 2**31))
def test_any_map_against_itself_is_perfect(seed):
    drawn = panoptic_of(CASES["random_map"](seed))
    found = scored((drawn, drawn))
    for metric in ("PQ", "SQ", "RQ", "iou"):
        assert value(found, metric, "all classes") == 1
    assert value(found, "hits", "all segments") == len(drawn.segments)


@given(st.integers(0, 2**31))
def test_numbers_of_segments_say_nothing(seed):
    """Other ids for the same segments give the same scores."""
    truth, seen = random_pair(seed)
    old = np.array([segment.id for segment in seen.segments])
    new = np.random.default_rng(seed).permutation(np.arange(1, len(old) + 1)).astype(np.int32)
    ids = np.zeros(seen.size_hw, np.int32)
    for before, after in zip(old, new, strict=True):
        ids[seen.segment_ids == before] = after
    other = Panoptic(ids, tuple(Segment(int(id), s.class_id) for id, s in zip(new, seen.segments, strict=True)), MIXED)
    np.testing.assert_allclose(
        [row.value for row in scored((truth, seen)).rows], [row.value for row in scored((truth, other)).rows], atol=1e-12
    )


@given(st.integers(0, 2**31))
def test_the_pixels_are_those_of_label_maps(seed):
    truth, seen = random_pair(seed)
    expected = class_table(to_label_map(truth).ids, to_label_map(seen).ids, len(MIXED))
    np.testing.assert_array_equal(tally(truth, seen).table, expected)


def test_intervals_hold_the_value_and_are_repeatable():
    pairs = [random_pair(seed) for seed in range(8)]
    found, again = scored(*pairs), scored(*pairs)
    row = found.headline_row
    assert row.low < row.value < row.high
    assert (row.low, row.high) == (again.headline_row.low, again.headline_row.high)
    assert math.isnan(found.row("hits", "all segments").low)
    assert math.isnan(scored(pairs[0]).headline_row.low)


def test_each_image_stands_worst_first_with_its_own_values(panoptic):
    car, half = panoptic([[1, 1, 1, 2]], {1: CAR, 2: ROAD}), panoptic([[1, 1, 2, 2]], {1: CAR, 2: ROAD})
    nothing = panoptic([[0, 0, 0, 0]], {})
    found = scored((nothing, nothing), (car, car), (car, half))
    assert [entry["id"] for entry in found.per_image] == ["2", "1", "0"]
    worst = found.per_image[0]
    assert worst["PQ"] == {"car": 2 / 3, "road": 0}
    assert worst["segments"]["car"] == {"hits": 1, "spurious": 0, "missed": 0, "iou_sum": 2 / 3}
    assert (worst["hits"], worst["spurious"], worst["missed"]) == (1, 1, 1)
    assert worst["iou"] == {"car": 2 / 3, "road": 1 / 2}


def test_things_and_stuff_are_told_apart_only_where_there_are_both(panoptic):
    things = Classes.named("car", "bus", "van", things=["car", "bus", "van"])
    drawn = panoptic([[1, 2]], {1: CAR, 2: BUS}, classes=things)
    assert {row.subject for row in scored((drawn, drawn)).rows if row.metric == "PQ"} == {"car", "bus", "van", "all classes"}


def test_a_background_without_segments_is_no_class(panoptic):
    classes = Classes.named("background", "cell", "tissue", things=["cell"])
    drawn = panoptic([[1, 2, 0]], {1: 1, 2: 2}, classes=classes)
    found = scored((drawn, drawn))
    assert "background" not in {row.subject for row in found.rows}
    assert len(found.warnings) == 1  # of one image


def test_scores_and_tallies_come_back_from_json():
    one = tally(*random_pair(1))
    again = PanopticTally.from_json(json.loads(json.dumps(one.to_json())))
    assert again.to_json() == one.to_json()
    assert scores(["a"], [again], MIXED).to_json() == scores(["a"], [one], MIXED).to_json()
    found = scores(["a", "b"], [one, again], MIXED)
    assert Scores.from_json(json.loads(json.dumps(found.to_json()))).to_json() == found.to_json()


def test_every_row_says_its_rule(panoptic):
    drawn = panoptic([[1, 2]], {1: CAR, 2: ROAD})
    found = scored((drawn, drawn))
    assert found.row("PQ", "car").rule.startswith("Panoptic quality, the IoU of the hits / (hits + half of")
    over = "The mean over the classes in any image, true or predicted, of: panoptic quality"
    assert found.row("PQ", "all classes").rule.startswith(over)
    assert "stuff classes in any image" in found.row("SQ", "stuff classes").rule
    assert found.row("hits", "car").rule == "Pairs of a true and a predicted segment of one class (TP); counted as for PQ."
    assert "void out, crowds in" in found.row("iou", "car").rule


def test_what_does_not_fit_is_refused_with_the_name_of_the_image(panoptic):
    with pytest.raises(MaskValueError, match=r"^street 7: The ground truth is 2 x 1"):
        tally(panoptic([[0, 0]], {}), panoptic([[0]], {}), id="street 7")
