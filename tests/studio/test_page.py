"""The labelling page in the package: built from the sources that are in the repository, and whole."""

import hashlib
import re
from pathlib import Path

import pytest

from maskwright.studio.server import STATIC

WEB = Path(__file__).parents[2] / "web"
LARGEST_BYTES = 400_000


def digest(web: Path) -> str:
    """SHA-256 over names and contents of everything that the page is made from; web/build.mjs does the same."""
    paths = [*(path for path in (web / "src").rglob("*") if path.is_file()), web / "build.mjs", web / "package-lock.json"]
    found = hashlib.sha256()
    for name, path in sorted((path.relative_to(web).as_posix(), path) for path in paths):
        found.update(f"{name}\n".encode() + path.read_bytes().replace(b"\r\n", b"\n") + b"\n")
    return found.hexdigest()


@pytest.mark.skipif(not WEB.is_dir(), reason="the page's sources are in the repository, not in the package")
def test_the_page_is_built_from_its_sources():
    built = (STATIC / "built-from.txt").read_text().strip()
    assert built == digest(WEB), "the page is older than web/src: run 'make page' and commit src/maskwright/studio/static"


def test_the_page_is_whole_and_asks_nobody_else():
    """Every file that index.html names is there; no address of another server stands in it."""
    page = (STATIC / "index.html").read_text()
    named = re.findall(r'(?:src|href)="/([^"]+)"', page)
    assert {"app.js", "app.css"} <= set(named)
    for name in named:
        assert (STATIC / name).is_file()
    for path in STATIC.iterdir():
        text = path.read_text()
        assert len(text) < LARGEST_BYTES
        others = set(re.findall(r"https?://[^\s\"'`)]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not {one for one in others if not one.startswith("http://www.w3.org/")}


def test_the_page_needs_nothing_that_the_policy_forbids():
    """No code and no style inside the page, and no eval."""
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", page)
    assert not re.search(r"\beval\(|new Function\(", (STATIC / "app.js").read_text())
