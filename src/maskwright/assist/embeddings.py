"""What an encoder saw, kept on the disk, so that an image is encoded once and not at every start."""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8
from safetensors import SafetensorError
from safetensors.numpy import load
from safetensors.numpy import save as to_bytes

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import atomic_write

MOST_BYTES = 2 << 30  # a thousand images of a Segment Anything encoder; what was not used for longest goes first
NAME = "embedding"


@dataclass(frozen=True)
class EmbeddingCache:
    """A folder of embeddings in half precision, named by what was encoded and by whom. Safe for several processes at once."""

    folder: Path
    most_bytes: int = MOST_BYTES

    def key(self, picture: UInt8[np.ndarray, "h w 3"], encoder: str) -> str:
        """The name of what an encoder, by its digest, makes of a picture."""
        hashed = hashlib.sha256(f"{encoder} {picture.shape}".encode())
        hashed.update(np.ascontiguousarray(picture).data)
        return hashed.hexdigest()

    def get(self, key: str) -> Float32[np.ndarray, "..."] | None:
        """What was kept under this name; None where there is nothing, or what lies there is damaged."""
        path = self._path(key)
        try:
            found = load(path.read_bytes())[NAME].astype(np.float32)
            os.utime(path)
        except (OSError, SafetensorError, KeyError):
            return None
        return found

    def put(self, key: str, embedding: Float32[np.ndarray, "..."]) -> None:
        """Keep an embedding, and let go of old ones beyond the bound. A disk that is full keeps none, which only costs time."""
        content = to_bytes({NAME: embedding.astype(np.float16)})
        if len(content) > self.most_bytes:
            return
        with suppress(MaskwrightError):
            self._make_room(len(content))
            atomic_write(self._path(key), content)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.safetensors"

    def _make_room(self, wanted: int) -> None:
        files = []
        for path in self.folder.glob("*.safetensors"):
            with suppress(OSError):  # another process let go of it
                known = path.stat()
                files.append((known.st_mtime, known.st_size, path))
        total = sum(size for _, size, _ in files) + wanted
        for _, size, path in sorted(files):
            if total <= self.most_bytes:
                return
            with suppress(OSError):
                path.unlink()
            total -= size
