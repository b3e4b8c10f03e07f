"""Pixel sizes as people write them, and what is no size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import DataError
from maskwright.masks.pixel_size import METRES, PixelSize, pixel_size, unit_named


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0.65um", PixelSize(0.65, 0.65, "um")),
        ("0.65 µm", PixelSize(0.65, 0.65, "um")),
        ("0.65um,0.5um", PixelSize(0.65, 0.5, "um")),
        (" 1mm , 500 um ", PixelSize(1, 0.5, "mm")),
        (".5inch", PixelSize(0.5, 0.5, "inch")),
        ("1e3nm", PixelSize(1000, 1000, "nm")),
        ("30m", PixelSize(30, 30, "m")),
    ],
)
def test_a_size_is_a_number_with_its_unit(text, size):
    assert pixel_size(text) == size


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("0.65", "the unit is missing"),
        ("0.65,0.5um", "the unit is missing"),
        ("um", "the number is missing"),
        ("-0.65um", "-0.65 is not larger than 0"),
        ("0um", "0 is not larger than 0"),
        ("1e999um", "1e999 is not larger than 0"),
        ("0.65parsec", "'parsec' is no unit of length"),
        ("0.65px", "'px' is no unit of length"),
        ("1um,2um,3um", "it has 3 parts"),
        ("0,65um", "the unit is missing"),
        ("", "is no pixel size"),
        ("nanum", "the number is missing"),
        ("a b", "is no pixel size"),
    ],
)
def test_what_is_no_size_is_refused_with_the_reason(text, what):
    with pytest.raises(DataError, match="is no pixel size") as raised:
        pixel_size(text)
    assert what in str(raised.value)


def test_units_are_turned_into_each_other():
    size = PixelSize(0.5, 0.25, "mm").to("um")
    assert (size.y, size.x, size.unit) == (pytest.approx(500), pytest.approx(250), "um")
    assert PixelSize(1, 1, "inch").to("cm").x == pytest.approx(2.54)


@pytest.mark.parametrize("name", ["µm", "μm", "um", "micron", "Micrometer"])
def test_a_micrometre_has_many_names(name):
    assert unit_named(name) == "um"


def test_pixels_and_points_are_no_lengths():
    assert unit_named("pixel") is None
    assert unit_named("") is None


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.sampled_from(sorted(METRES)))
def test_what_is_printed_is_read_back(y, x, unit):
    size = PixelSize(y, x, unit)
    again = pixel_size(str(size))
    assert (again.y, again.x, again.unit) == (pytest.approx(y, rel=1e-5), pytest.approx(x, rel=1e-5), unit)
