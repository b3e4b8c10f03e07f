"""Embeddings on the disk: found again, bounded, never half of one."""

import os

import numpy as np

from maskwright.assist.embeddings import EmbeddingCache

PICTURE = np.zeros((4, 5, 3), np.uint8)


def test_what_was_kept_is_found_again_in_half_precision(tmp_path):
    cache = EmbeddingCache(tmp_path)
    value = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)
    key = cache.key(PICTURE, "encoder")
    assert cache.get(key) is None
    cache.put(key, value)
    np.testing.assert_allclose(cache.get(key), value, rtol=1e-3)


def test_a_key_tells_pictures_sizes_and_encoders_apart(tmp_path):
    cache = EmbeddingCache(tmp_path)
    pictures = [PICTURE, PICTURE.reshape(5, 4, 3), PICTURE + 1]
    assert len({cache.key(picture, encoder) for picture in pictures for encoder in ("a", "b")}) == 6


def test_a_damaged_file_is_no_embedding(tmp_path):
    cache = EmbeddingCache(tmp_path)
    key = cache.key(PICTURE, "encoder")
    for content in (b"", b"\x80\x04pickle", b"\xff" * 100):
        (tmp_path / f"{key}.safetensors").write_bytes(content)
        assert cache.get(key) is None


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    cache = EmbeddingCache(tmp_path, most_bytes=5000)
    for number in range(4):
        cache.put(f"k{number}", np.zeros(900, np.float32))
        if number < 2:
            os.utime(tmp_path / f"k{number}.safetensors", (number, number))
        if number == 1:
            cache.get("k0")  # used just now
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["k0", "k3"] or cache.get("k1") is None
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5000


def test_more_than_fits_and_a_folder_that_cannot_be_written_cost_only_time(tmp_path):
    EmbeddingCache(tmp_path, most_bytes=10).put("k", np.zeros(100, np.float32))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("in the way")
    EmbeddingCache(tmp_path / "file").put("k", np.zeros(100, np.float32))
    assert EmbeddingCache(tmp_path / "file").get("k") is None
