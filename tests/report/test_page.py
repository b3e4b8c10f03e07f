"""The page: complete, escaped, without anything from outside, and small."""

import base64
import io
import json
import math
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from maskwright.base.errors import MaskwrightError
from maskwright.data.findings import Finding
from maskwright.masks.classes import Classes
from maskwright.masks.types import LabelMap
from maskwright.report.content import Picture
from maskwright.report.page import render, report, write

HOSTILE = ("<script>alert(1)</script>", "😀 \u202egnp", "x" * 500, "\"quoted\" & 'quoted' {{ 7 * 7 }} $\\frac{1}{0}$")


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, ids, and the text outside style sheets."""

    VOID = frozenset({"meta", "img", "br", "link", "path", "use", "line", "rect"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self):
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


def test_every_section_says_what_it_holds(make_report):
    """Number, interval, rule, baseline, confusions, pictures, curves, split, findings, plan, environment, commands."""
    finding = Finding("warning", "duplicates", "a.png and b.png are alike.", "Remove one.", ("a.png", "b.png"))
    content = make_report(findings=(finding,))
    page, row = Page(render(content)), content.scores.headline_row
    for words in (
        "Cells", f"{row.value:.3f}", f"{row.low:.3f} to {row.high:.3f}", row.rule, "'background' everywhere",
        "3 held-out test images",
        "What was taken for what", "All images, worst first", "Every image", "Whole images were held out.", "9 images",
        "a.png and b.png are alike.", "Remove one.", "64, 64", "twice the largest object", "3.12",
        "maskwright train cells --out runs/cells", "30 of 40 planned steps", "Went back to step 20.", "Dice of 'cell'",
    ):  # fmt: skip
        assert words in page.text, words
    assert page.open == []


def test_two_folders_without_a_run_have_no_empty_sections(make_report):
    content = make_report(part="", split=None, plan=None, journal=(), environment={}, reproduce=(), pictures=())
    page = Page(render(content))
    titles = {attributes.get("id") for attributes in page.all("section")}
    assert titles == {"score", "scores", "confusion", "images"}
    assert "Training" not in page.text


def test_links_lead_somewhere_and_ids_are_unique(make_report):
    page = Page(render(make_report()))
    targets = [attributes["href"].removeprefix("#") for attributes in page.all("a")]
    assert set(targets) <= set(page.ids)
    assert len(targets) == 8
    assert len(page.ids) == len(set(page.ids))


def test_nothing_comes_from_outside_and_no_script_runs(make_report):
    html = render(make_report())
    page = Page(html)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in page.elements}
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "xlink:href"):
                assert value.startswith(("#", "data:image/")), (tag, value)
    assert not re.search(r"url\((?!#)|@import|https?://", html)
    policies = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_hostile_names_are_text_and_nothing_else(make_report):
    """Markup, emoji, 500 characters, template and formula signs, and bytes of another encoding, wherever a name can stand."""
    ids = ("<img src=x onerror=alert(1)>", "y" * 500, "caf\udce9.png", *HOSTILE)
    content = make_report(
        names=("background", *HOSTILE),
        ids=ids,
        title="</title><script>alert(2)</script>",
        findings=(Finding("error", "hostile", HOSTILE[0], HOSTILE[2], ()),),
        plan={"decisions": [{"name": HOSTILE[0], "value": HOSTILE[2], "why": HOSTILE[3]}]},
        environment={HOSTILE[0]: HOSTILE[3]},
        reproduce=(HOSTILE[0],),
        journal=({"event": "step", "step": 1, "loss": 1.0, "terms": dict.fromkeys(HOSTILE, 0.5)},
                 {"event": "validation", "step": 1, "score": 0.5, "metric": "dice/foreground mean",
                  "classes": dict.fromkeys(HOSTILE, 0.5)},
                 {"event": "note", "step": 1, "message": HOSTILE[0]}),
    )  # fmt: skip
    html = render(content)
    page = Page(html)
    assert page.open == []
    assert not page.all("script")
    assert len(page.all("img")) == 4 * len(ids)
    assert html.encode("utf-8")
    assert HOSTILE[0] in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert max(len(unescape(name)) for name in re.findall(r"<bdi[^>]*>(.*?)</bdi>", html)) <= 160


def test_what_cannot_be_measured_is_said_with_the_reason(make_report):
    """A class in neither side, and an image whose score is none."""
    content = make_report(names=("background", "cell", "ghost"))
    gone = [row for row in content.scores.rows if row.subject != "ghost"]
    ghosts = [
        replace(row, value=math.nan, low=math.nan, high=math.nan) for row in content.scores.rows if row.subject == "ghost"
    ]
    page = Page(render(replace(content, scores=replace(content.scores, rows=tuple(gone + ghosts)))))
    assert "n/a: in neither the ground truth nor the prediction of any image." in page.text
    assert "nan" not in page.text.lower().split()


def test_the_headline_may_be_unmeasurable(make_report):
    content = make_report(pictures=())
    rows = tuple(replace(row, value=math.nan, low=math.nan, high=math.nan, baseline=math.nan) for row in content.scores.rows)
    page = Page(render(replace(content, scores=replace(content.scores, rows=rows))))
    assert "Nothing could be measured on 3 held-out test images" in page.text


@pytest.mark.parametrize(
    ("part", "warning"), [("train", "nothing about new images"), ("val", "flatter a little"), ("test", None)]
)
def test_scores_on_a_part_that_training_saw_carry_a_warning(make_report, part, warning):
    page = Page(render(make_report(part=part)))
    assert (warning is None) == ("Warning:" not in page.text.replace("Warning: Only 3 images", ""))
    assert warning is None or warning in page.text


def test_the_accuracy_trap_stands_in_the_score_card(make_report):
    content = make_report()
    content = replace(content, scores=replace(content.scores, warnings=("Pixel accuracy misleads here.",)))
    html = render(content)
    assert html.index("Pixel accuracy misleads here.") < html.index('id="scores"')


def test_pictures_tell_those_who_cannot_see_what_they_show(make_report):
    page = Page(render(make_report()))
    pictures = page.all("img")
    assert len(pictures) == 12
    assert all(picture["alt"] for picture in pictures)
    figures = [attributes for _, attributes in page.elements if attributes.get("role") == "img"]
    assert len(figures) == 3
    assert all(figure["aria-label"] for figure in figures)
    assert all(header.get("scope") in ("col", "row", "rowgroup") for header in page.all("th"))


def test_equal_contents_give_equal_pages(make_report):
    assert render(make_report()) == render(make_report())


def test_many_large_pictures_stay_below_five_megabytes(make_report):
    """Noise is the worst that a picture can be; thirteen are handed over, twelve are shown."""
    classes, rng = Classes.named("background", "cell"), np.random.default_rng(0)
    image = rng.integers(0, 256, (700, 600, 3)).astype(np.uint8)
    segmentation = LabelMap((image[:, :, 0] > 127).astype(np.uint16), classes)
    pictures = tuple(
        Picture(id=str(number), image=image, ground_truth=segmentation, prediction=segmentation, score=number / 13)
        for number in range(13)
    )
    html = render(make_report(ids=tuple(map(str, range(20))), pictures=pictures))
    assert html.count("<img") == 48
    assert len(html.encode()) < 5_000_000


def test_an_image_of_one_pixel_and_a_single_image(make_report):
    classes = Classes.named("background", "cell")
    segmentation = LabelMap(np.ones((1, 1), np.uint16), classes)
    picture = Picture(
        id="a", image=np.zeros((1, 1, 3), np.uint8), ground_truth=segmentation, prediction=segmentation, score=1.0
    )
    page = Page(render(make_report(ids=("a",), pictures=(picture,))))
    assert "The scored image" in page.text
    assert "needs 2 images" in page.text


def test_street_scenes_have_no_background(make_report):
    """Every class is real: the headline is the mean IoU, and errors are wrong classes."""
    content = make_report(names=("sky", "road", "car"))
    page = Page(render(content))
    assert content.background is None
    assert "Mean IoU of all classes" in page.text.replace("mean IoU", "Mean IoU")
    assert "sky" in page.text
    assert "not painted" not in page.text
    assert "spurious" not in page.text


def test_the_file_is_written_whole(make_report, tmp_path):
    path = tmp_path / "new" / "report.html"
    write(path, make_report())
    assert path.read_text(encoding="utf-8") == render(make_report())
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_where_it_cannot_be_written_the_error_names_the_file(make_report, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MaskwrightError, match=r"report\.html: cannot be written"):
        write(tmp_path / "file" / "report.html", make_report())


def test_a_run_folder_becomes_a_page(make_report, tmp_path):
    content = make_report()
    (tmp_path / "plan.json").write_text(json.dumps(content.plan | {"background": 0}))
    (tmp_path / "journal.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in content.journal))
    (tmp_path / "scores.json").write_text(json.dumps(content.scores.to_json()))
    records = [{"id": "a", "window_xyxy": [0, 0, 4, 4]}, {"id": "a", "window_xyxy": [8, 0, 12, 4]}]
    split = {"method": "blocks", "statement": "One image in blocks.", "parts": {"train": records, "val": records[:1]}}
    (tmp_path / "split.json").write_text(json.dumps(split))
    path = report(SimpleNamespace(folder=tmp_path), out=str(tmp_path / "page.html"))
    page = Page(path.read_text(encoding="utf-8"))
    assert path.read_text(encoding="utf-8") == report(tmp_path).read_text(encoding="utf-8")
    assert f"{content.scores.headline_row.value:.3f}" in page.text
    assert "One image in blocks." in page.text
    assert "maskwright 0.1.0" in page.text


def test_a_run_folder_without_scores_says_so(tmp_path):
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(MaskwrightError, match=r"scores\.json: no such file"):
        report(tmp_path)


def test_pictures_are_what_was_drawn(make_report):
    """A small image is kept to the pixel."""
    content = make_report()
    first = next(attributes["src"] for attributes in Page(render(content)).all("img"))
    kind, data = first.split(";base64,")
    assert kind == "data:image/png"
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(base64.b64decode(data)))), content.pictures[0].image)
