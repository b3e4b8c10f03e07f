"""An append-only file of JSON lines that outlives a kill at any moment."""

import json
import os
from pathlib import Path
from typing import Any

from maskwright.base.errors import MaskwrightError


class Journal:
    """What happened, one JSON object a line. A line torn by a kill is passed over when reading and closed when writing."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def append(self, entry: dict[str, Any]) -> None:
        """Add one entry and carry it to the disk before returning. Raises `MaskwrightError` where the system refuses."""
        line = json.dumps(entry, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+") as file:
                if file.tell() > 0:
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":
                        line = b"\n" + line
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise MaskwrightError(
                f"{self.path}: cannot be written ({error.strerror or error}). The entries before are whole. "
                f"Make room or permit writing in {self.path.parent}."
            ) from error

    def read(self) -> list[dict[str, Any]]:
        """Every whole entry, oldest first; an absent file holds none."""
        if not self.path.exists():
            return []
        entries = []
        for line in self.path.read_bytes().split(b"\n"):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                entries.append(entry)
        return entries
