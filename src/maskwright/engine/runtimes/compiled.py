"""Compiled networks kept in a folder, each with a digest, so that a damaged one is made anew and never run."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import atomic_write

DIGEST_BYTES = hashlib.sha256().digest_size
KEPT = 12  # hexadecimal digits of a name


@dataclass(frozen=True)
class CompiledFolder:
    """The folder, and what its files depend on: weights, versions. What another network or version left there is not taken."""

    path: Path
    depends_on: tuple[str, ...]

    def file(self, name: str) -> Path:
        """Where the part of a network of this name lies."""
        digest = hashlib.sha256("\n".join((name, *self.depends_on)).encode()).hexdigest()
        return self.path / f"{name or 'network'}-{digest[:KEPT]}.blob"

    def load(self, name: str) -> bytes | None:
        """What was kept, if it is there and whole."""
        try:
            content = self.file(name).read_bytes()
        except OSError:
            return None
        digest, content = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        return content if content and hashlib.sha256(content).digest() == digest else None

    def keep(self, name: str, content: bytes) -> None:
        """Keep it. Where the folder cannot be written to, it will be made again the next time."""
        try:
            atomic_write(self.file(name), hashlib.sha256(content).digest() + content)
        except MaskwrightError:
            return
