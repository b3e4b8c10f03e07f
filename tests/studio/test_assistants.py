"""Assistants in their processes: answers, a hang, a crash, nonsense; none of them keeps a page waiting."""

import io
import json
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from maskwright.assist.assistant import Candidate
from maskwright.masks import box_runs
from maskwright.masks.region import Region
from maskwright.studio import simple_tool
from maskwright.studio.assistant_child import Answers, serve
from maskwright.studio.assistants import Helper, Helpers, NoAnswer

# Answers by the first click: 1 hangs, 2 ends the process, 3 complains, 4 says no JSON; else one mask.
PROGRAM = """
import json, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    kind = asked["clicks"][0][0] if asked.get("clicks") else 0
    if kind == 1: time.sleep(60)
    if kind == 2: sys.exit("out of memory")
    if kind == 3: print(json.dumps({"error": "shape"}), flush=True)
    elif kind == 4: print("hello", flush=True)
    else: print(json.dumps({"candidates": [{"box": [0, 0, 1, 1], "runs": "01"}]}), flush=True)
"""


def clicked(x: int) -> dict:
    return {"clicks": [[x, 0]], "positive": [True], "box": None, "previous": None}


@pytest.fixture
def helper(tmp_path):
    made = Helper("net", 1000, (sys.executable, "-c", PROGRAM))
    yield made
    made.close()


def test_an_image_is_opened_in_the_background_and_clicks_are_answered(helper, tmp_path):
    assert not helper.open(tmp_path / "a.png")
    waited = time.monotonic() + 20
    while not helper.open(tmp_path / "a.png") and time.monotonic() < waited:
        time.sleep(0.01)
    assert helper.mask(tmp_path / "a.png", clicked(0))[0]["runs"] == "01"
    assert len(helper.propose(tmp_path / "a.png")) == 1


@pytest.mark.parametrize(
    ("kind", "words"), [(1, "did not answer within"), (2, "stopped: out of memory"), (3, "cannot: shape"), (4, "no answer")]
)
def test_what_gives_no_answer_is_said_and_the_next_click_is_answered(helper, tmp_path, kind, words):
    helper.mask(tmp_path / "a.png", clicked(0), 20)
    with pytest.raises(NoAnswer, match=words):
        helper.mask(tmp_path / "a.png", clicked(kind), 0.3 if kind == 1 else 20)
    assert helper.mask(tmp_path / "a.png", clicked(0), 20)


def test_a_click_waits_for_no_other_question(helper, tmp_path):
    helper.mask(tmp_path / "a.png", clicked(0), 20)

    def hang():
        with pytest.raises(NoAnswer):
            helper.mask(tmp_path / "a.png", clicked(1), 3.0)

    hanging = threading.Thread(target=hang)
    hanging.start()
    time.sleep(0.2)
    with pytest.raises(NoAnswer, match="is busy"):
        helper.mask(tmp_path / "a.png", clicked(0), 0.1)
    helper.close()
    hanging.join()


def test_a_program_that_cannot_start_is_no_harm(tmp_path):
    with pytest.raises(NoAnswer, match="gone"):
        Helper("gone", 1, (str(tmp_path / "gone"),)).mask(tmp_path / "a.png", clicked(0), 20)


def test_assistants_are_had_by_name_or_by_default():
    helpers = Helpers(("a", "b"), "b", 1000)
    assert helpers.get(None) is helpers.get("b")
    assert helpers.get("a") is not helpers.get("b")
    assert helpers.get("c") is None
    assert Helpers((), None, 1000).get(None) is None
    helpers.close()


def test_the_newest_network_that_has_learned_is_an_assistant_and_ends_the_one_before(tmp_path):
    rounds = []
    helpers = Helpers(("a",), "a", 1000, (sys.executable, "-c", PROGRAM), learned=lambda: rounds[-1] if rounds else None)
    assert (helpers.names, helpers.get("learned")) == (("a",), None)
    rounds.append((tmp_path / "1", "learned-1-abc"))
    first = helpers.get("learned")
    assert first is not None
    assert (helpers.names, first.name, helpers.get("learned")) == (("a", "learned"), "learned-1-abc", first)
    assert first.mask(tmp_path / "a.png", clicked(0), 20)[0]["assistant"] == "learned-1-abc"  # not as its folder is called
    process = first._process
    assert process is not None
    rounds.append((tmp_path / "2", "learned-2-def"))
    second = helpers.get("learned")
    assert second is not None
    assert (second.name, process.poll()) == ("learned-2-def", -9 if sys.platform != "win32" else 1)
    with pytest.raises(NoAnswer, match="learned-2-def cannot: shape"):
        second.mask(tmp_path / "a.png", clicked(3), 20)
    helpers.close()


def test_a_run_whose_folder_is_called_learned_is_had_by_its_name(tmp_path):
    helpers = Helpers(("learned", "a"), "learned", 1000, learned=lambda: (tmp_path, "learned-1-abc"))
    assert helpers.names == ("learned", "a")
    chosen = helpers.get(None)
    assert chosen is not None
    assert (chosen.name, helpers.get("learned")) == ("learned", chosen)


class Careless:
    """An assistant whose masks lie outside, are empty, or have a score that is no number."""

    name, learns = "careless", True

    def open(self, image):
        self.size_hw = image.shape[:2]
        return self

    def mask(self, clicks_xy, positive, box_xyxy=None, previous=None):
        if not len(clicks_xy):
            raise ValueError("no clicks")
        return [
            Candidate(Region((-1, -1, 1, 1), np.ones((2, 2), bool)), 7.0, "a"),
            Candidate(Region((0, 0, 0, 0), np.zeros((0, 0), bool)), 1.0, "b"),
            Candidate(Region((0, 0, 1, 1), np.ones((1, 1), bool)), float("nan"), "c"),
        ]

    def propose(self):
        return []

    def learn(self, image, regions):
        self.learnt = [region.area for region in regions]


def test_what_an_assistant_says_is_made_fit_for_the_image(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(path)
    assistant = Careless()
    previous = {"box": [0, 0, 2, 1], "runs": "02"}
    questions = [
        {"do": "open", "path": str(path)},
        {"do": "mask", "path": str(path), **clicked(0), "previous": previous},
        {"do": "mask", "path": str(path), **clicked(0), "clicks": [], "positive": []},
        {"do": "propose", "path": str(path)},
        {"do": "learn", "path": str(path), "masks": [previous]},
        {"do": "nothing"},
        {"do": "open", "path": str(tmp_path / "none.png")},
    ]
    replies = io.StringIO()
    serve(Answers(assistant, 1000), io.StringIO("\n".join(map(json.dumps, questions)) + "\n"), replies.write)
    opened, masks, refused, proposed, learnt, unknown, missing = map(json.loads, replies.getvalue().splitlines())
    assert opened == learnt == {}
    assert masks == {"candidates": [{"box": [0, 0, 1, 1], "runs": "01", "area": 1, "score": 1.0, "assistant": "a"}]}
    assert "no clicks" in refused["error"]
    assert proposed == {"candidates": []}
    assert assistant.learnt == [2]
    assert "nothing" in unknown["error"]
    assert "none.png" in missing["error"]


def test_the_simple_tool_takes_what_hangs_together_and_has_a_like_colour():
    image = np.zeros((20, 30, 1), np.uint8)
    image[5:12, 5:15] = 200
    image[5:12, 20:25] = 200
    best, *_ = simple_tool.candidates(image, [(7, 7, True)], None)
    found = box_runs.region_of(tuple(best["box"]), best["runs"])
    assert (found.box_xyxy, found.area) == ((5, 5, 15, 12), 70)
    both = simple_tool.candidates(image, [(7, 7, True), (22, 7, True)], None)[0]
    assert both["area"] == 105
    assert simple_tool.candidates(image, [(7, 7, True), (8, 8, False)], None) == []
    assert simple_tool.candidates(image, [], (-5, -5, 3, 2))[0]["box"] == [0, 0, 3, 2]
    assert simple_tool.candidates(image, [], (40, 40, 50, 50)) == []
