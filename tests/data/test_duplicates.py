"""Images that show the same are found; images that are merely alike are not."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskwright.data.duplicates import Duplicates, find_duplicates, look
from maskwright.formats.images import read_image


def scene(seed, size=96):
    """A picture with structure of several sizes, as photographs and micrographs have."""
    rng = np.random.default_rng(seed)
    image = np.zeros((size, size))
    for cells in (4, 8, 16):
        image += np.kron(rng.uniform(0, 80, (cells, cells)), np.ones((size // cells + 1,) * 2))[:size, :size]
    return np.clip(image, 0, 255).astype(np.uint8)[..., None]


def resized(image, side):
    return np.asarray(Image.fromarray(image[..., 0]).resize((side, side)))[..., None]


def as_jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image[..., 0]).save(file, "JPEG", quality=40)
    return np.asarray(Image.open(file))[..., None]


def found(**images):
    return find_duplicates({name: look(image) for name, image in images.items()})


def test_equal_pixels_are_exact_duplicates():
    assert found(a=scene(1), b=scene(2), c=scene(1)) == Duplicates(exact=(("a", "c"),))


def test_the_same_numbers_in_another_type_or_shape_are_not_equal_pixels():
    image = scene(1)
    looks = {look(image).digest, look(image.astype(np.uint16)).digest, look(image.reshape(48, 192, 1)).digest}
    assert len(looks) == 3


@pytest.mark.parametrize(
    "change",
    [as_jpeg, lambda a: resized(a, 48), lambda a: resized(a, 71), lambda a: (a * 0.6 + 40).astype(np.uint8)],
    ids=["jpeg", "half", "odd size", "brightness"],
)
def test_a_changed_copy_is_a_near_duplicate(change):
    assert found(a=scene(1), b=change(scene(1)), c=scene(2)) == Duplicates(near=(("a", "b"),))


def test_an_exact_and_a_near_copy_form_both_groups():
    assert found(a=scene(1), b=scene(1), c=as_jpeg(scene(1))) == Duplicates(exact=(("a", "b"),), near=(("a", "b", "c"),))


def test_gray_and_rgb_of_one_picture_are_near_duplicates():
    assert found(a=scene(1), b=np.repeat(scene(1), 3, axis=2)).near == (("a", "b"),)


def test_images_without_structure_are_only_compared_exactly():
    flat = {f"flat{value}": look(np.full((40, 40, 1), value, np.uint8)) for value in (0, 7, 200)}
    assert find_duplicates(flat) == Duplicates()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 50, 3), (3, 5000, 1)])
def test_odd_shapes_have_a_look(shape):
    assert np.isfinite(look(np.ones(shape, np.uint8)).detail).all()


def test_infinite_and_missing_values_do_not_reach_the_look():
    image = scene(1).astype(np.float32)
    image[3, 3], image[4, 4] = np.nan, np.inf
    assert np.isfinite(look(image).detail).all()


def test_no_images_have_no_duplicates():
    assert find_duplicates({}) == Duplicates()


def test_pairs_are_found_across_the_blocks_in_which_images_are_compared(monkeypatch):
    monkeypatch.setattr("maskwright.data.duplicates.BLOCK", 2)
    images = {str(seed): look(scene(seed)) for seed in range(5)} | {"copy": look(as_jpeg(scene(0)))}
    assert find_duplicates(images).near == (("0", "copy"),)


@settings(max_examples=20)
@given(st.integers(0, 1000), st.floats(0.3, 1.0), st.floats(0, 60))
def test_brightness_and_contrast_do_not_hide_a_copy(seed, gain, offset):
    image = scene(seed).astype(np.float32)
    assert found(a=image, b=image * gain + offset, c=scene(seed + 1)).near == (("a", "b"),)


@pytest.mark.real
@pytest.mark.parametrize("name", ["isbi2012_em", "dsb2018_nuclei", "medscribble"])
def test_neighbouring_slices_and_cells_of_one_kind_are_no_duplicates(real_data: Path, name: str):
    paths = sorted((real_data / name / "images").iterdir())[:60]
    assert find_duplicates({path.stem: look(read_image(path)) for path in paths}) == Duplicates()
