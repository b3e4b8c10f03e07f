"""Options that exclude each other, and addresses of clusters that are none, are said before anything is loaded."""

import pytest


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--ray", "local", "--shard", "1/2"), "Either --ray or --shard"),
        (("--workers", "2", "--shard", "1/2"), "Either --workers or --shard"),
        (("--ray", "somewhere"), "--ray takes auto, local, or an address such as ray://head:10001, not 'somewhere'"),
        (("--ray", "ray://127.0.0.1:1"), "no Ray cluster answers there"),
    ],
)
def test_what_cannot_be_is_said(invoke, trained, blobs_to_read, tmp_path, options, words):
    if "--ray" in options:
        pytest.importorskip("ray", reason="needs Ray (the extra ray)")
    result = invoke("predict", trained, blobs_to_read / "images", "--out", tmp_path / "out", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "out").exists()
