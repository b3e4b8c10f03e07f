"""The page of a comparison."""

import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import MaskwrightError
from maskwright.report import comparison_page
from maskwright.report.comparison_page import Axis, render

NASTY = "<script>alert(\"x\")</script> & 'q' {{ 7 * 7 }}"
VOID = {"meta", "line", "circle"}  # tags that are not closed


class Tags(HTMLParser):
    """Counts tags; every one but those of VOID must be closed in its turn."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def tags_of(page: str) -> list[tuple[str, dict[str, str]]]:
    parser = Tags()
    parser.feed(page)
    assert parser.open == []
    return parser.seen


def test_the_page_is_whole_and_draws_an_interval_for_every_run_and_class(make_comparison):
    comparison = make_comparison({"a": 0.5, "b": 0.6, "c": 0.4}, warnings=("Careful.",), notes=("Left out: 3.",))
    page = render(comparison)
    tags = tags_of(page)
    drawn = [attributes["class"] for tag, attributes in tags if tag == "svg"]
    assert drawn.count("mark value") == 3
    assert drawn.count("mark better") == drawn.count("mark worse") == 1 + len(comparison.class_names)
    assert sum(tag == "circle" for tag, _ in tags) == 3 + 2 + 2 * 2
    for text in ("Careful.", "Left out: 3.", "image 11", "2 x hits / both", "another seed", "better in"):
        assert text in page


def test_a_dot_lies_where_its_value_is_on_the_scale(make_comparison):
    comparison = make_comparison({"a": 0.5, "b": 0.6})
    rows = [comparison.headline(run) for run in comparison.runs]
    axis = Axis.over(value for row in rows for value in (row.value, row.low, row.high))
    dots = re.findall(r'<circle cx="([\d.]+)%"', render(comparison))
    assert [float(dot) for dot in dots[:2]] == [axis.place(row.value) for row in rows]


def test_nothing_is_loaded_and_names_are_only_text(make_comparison):
    comparison = make_comparison({NASTY: 0.5, "b": 0.6}, names=("background", NASTY))
    comparison = replace(comparison, images=(replace(comparison.images[0], id=NASTY), *comparison.images[1:]))
    page = render(comparison)
    tags = tags_of(page)
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags}
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert "{{ 7 * 7 }}" in page


def test_equal_comparisons_give_equal_pages(make_comparison):
    runs = {"a": 0.5, "b": 0.6}
    assert render(make_comparison(runs)) == render(make_comparison(runs))


def test_one_image_has_dots_without_bands(make_comparison):
    page = render(make_comparison({"a": 0.5, "b": 0.6}, images=1))
    assert "<circle" in page
    assert 'class="band"' not in page
    assert "nan" not in page


def test_of_many_images_those_on_which_runs_differ_less_are_counted(make_comparison):
    page = render(make_comparison({"a": 0.5, "b": 0.6}, images=comparison_page.MOST_IMAGES + 7))
    assert "7 images on which they differ less are not listed" in page


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=8))
def test_an_axis_holds_its_values_and_its_ticks_can_be_told_apart(values):
    axis = Axis.over([*values, math.nan])
    assert all(0 <= axis.place(value) <= 100 for value in (*values, *axis.ticks))
    labels = [axis.label(tick) for tick in axis.ticks]
    assert len(set(labels)) == len(labels)


def test_an_axis_by_hand():
    axis = Axis.over([0.0, 1.0])
    assert (axis.low, axis.high) == pytest.approx((-0.08, 1.08))
    assert [axis.label(tick) for tick in axis.ticks] == ["0.0", "0.5", "1.0"]
    assert axis.place(0.5) == 50
    assert Axis.over([math.nan]) is None
    narrow = Axis.over([0.5, 0.5])
    assert (narrow.low, narrow.high) == pytest.approx((0.495, 0.505))


def test_a_folder_that_cannot_be_written_is_named(make_comparison, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MaskwrightError, match=r"page\.html: cannot be written"):
        comparison_page.write(tmp_path / "file" / "page.html", make_comparison({"a": 0.5, "b": 0.6}))
