"""The strips of an image that are done, in a folder of files: each whole or absent, and from where to go on after a kill."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from jaxtyping import Float64, Int32, Shaped

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import atomic_path, read_json, sha256, write_json
from maskwright.base.journal import Journal
from maskwright.masks.object_stream import Carry, Found

JOURNAL = "strips.jsonl"


class StripFolder:
    """What is done of one plane. `key` says of which image, by which weights; what was done under another is thrown away."""

    def __init__(self, path: Path, key: dict[str, Any], width: int) -> None:
        self.path = path
        self._journal = Journal(path / JOURNAL)
        entries = self._journal.read()
        if entries and entries[0].get("key") != key:
            shutil.rmtree(path, ignore_errors=True)
            entries = []
        if not entries:
            self._journal.append({"key": key})
        self.scale: list[list[float]] | None = next((entry["scale"] for entry in entries if "scale" in entry), None)
        self._strips: list[dict[str, Any]] = []
        self.carry = Carry.at_start(width)
        self._take_up([entry for entry in entries if "rows" in entry])

    @property
    def rows(self) -> int:
        """Rows that are done, from the top on without a gap."""
        return sum(strip["rows"] for strip in self._strips)

    @property
    def pixels(self) -> int:
        """Pixels that are done, counted when each strip was written."""
        return sum(strip["pixels"] for strip in self._strips)

    def keep_scale(self, scale: list[list[float]]) -> None:
        """The normalisation, so that the image is not read for it a second time."""
        self.scale = scale
        self._journal.append({"scale": scale})

    def add(self, found: Found) -> None:
        """Keep the next strip, with all that is needed to go on below it."""
        if found.top != self.rows:
            raise ValueError(f"The strip at row {found.top} is out of order; {self.rows} rows are done.")
        name, carry = f"{len(self._strips):06d}", found.carry
        files = {"objects": self.path / f"{name}.json", "carry": self.path / f"{name}.carry"}
        write_json(files["objects"], found.objects.tolist())
        _write(files["carry"], np.concatenate([carry.above[None], carry.labels]))
        if len(found.labels):
            files["labels"] = self.path / f"{name}.strip"
            _write(files["labels"], found.labels)
        entry = {
            "top": found.top, "rows": len(found.labels), "pixels": found.labels.size, "name": name,
            "cut": list(carry.cut), "next": carry.next_number,
            "sha256": {kind: sha256(file) for kind, file in files.items()},
        }  # fmt: skip
        self._journal.append(entry)
        for before in self._strips[-1:]:
            (self.path / f"{before['name']}.carry").unlink(missing_ok=True)
        self._strips.append(entry)
        self.carry = carry

    def strips(self) -> Iterator[Int32[np.ndarray, "rows width"]]:
        """The numbers or classes of all rows, from the top on."""
        for strip in self._strips:
            if strip["rows"]:
                yield _read(self.path / f"{strip['name']}.strip")

    def objects(self) -> Float64[np.ndarray, "n k"]:
        """Number, pixels and sums of class probabilities of each object, rising; pieces of one are added up."""
        rows = [row for strip in self._strips for row in read_json(self.path / f"{strip['name']}.json")]
        if not rows:
            return np.zeros((0, 3))
        table = np.array(rows, np.float64)
        numbers, places = np.unique(table[:, 0], return_inverse=True)
        sums = np.zeros((len(numbers), table.shape[1]))
        np.add.at(sums, places, table)
        sums[:, 0] = numbers
        return sums

    def remove(self) -> None:
        """Throw all of it away, when the image is written."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _take_up(self, entries: list[dict[str, Any]]) -> None:
        """Go on after the last strip whose files, and those of all before, are as the journal says."""
        for entry in entries:
            kinds = entry["sha256"]
            names = {kind: f"{entry['name']}.strip" if kind == "labels" else f"{entry['name']}.json" for kind in kinds}
            whole = all(
                (self.path / names[kind]).is_file() and sha256(self.path / names[kind]) == digest
                for kind, digest in kinds.items()
                if kind != "carry"
            )
            if entry["top"] != self.rows or not whole:
                break
            self._strips.append(entry)
        while self._strips:
            entry = self._strips[-1]
            carry = self.path / f"{entry['name']}.carry"
            if carry.is_file() and sha256(carry) == entry["sha256"]["carry"]:
                values = _read(carry)
                self.carry = Carry(self.rows, values[1:], values[0], tuple(entry["cut"]), entry["next"])
                return
            self._strips.pop()  # its carry is not there any more, nor are those before: all is done anew


def _write(path: Path, values: Int32[np.ndarray, "h w"]) -> None:
    with atomic_path(path) as temporary:
        tifffile.imwrite(temporary, values, photometric="minisblack", compression="zlib", metadata=None)


def _read(path: Path) -> Int32[np.ndarray, "h w"]:
    try:
        values: Shaped[np.ndarray, "h w"] = tifffile.imread(path)
    except Exception as error:  # damaged files make the parser raise almost anything
        raise MaskwrightError(
            f"{path}: damaged since it was written ({error}). Remove its folder and predict again."
        ) from error
    return np.atleast_2d(values).astype(np.int32, copy=False)
