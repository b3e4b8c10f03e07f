"""The networks of a Segment Anything export (arXiv:2304.02643): an encoder that sees an image once, a decoder for prompts."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from maskwright.assist.runtime import Runs, open_network
from maskwright.base.files import sha256

SIDE = 1024  # pixels that the encoder sees
LOW = 256  # pixels of the masks that the decoder draws, over the same square
MEAN = np.array([123.675, 116.28, 103.53], np.float32)
STD = np.array([58.395, 57.12, 57.375], np.float32)
NEGATIVE, POSITIVE, BOX_START, BOX_END, PADDING = 0.0, 1.0, 2.0, 3.0, -1.0

# The standard export picks one of its four masks itself. These tensors of its inside hold all of them and their scores.
ALL_FOUR = ("/Flatten_output_0", "/iou_prediction_head/layers.2/Gemm_output_0")
GIVEN = ("low_res_masks", "iou_predictions")


@dataclass(frozen=True, eq=False)
class Prompt:
    """Points of the encoder's square, what each is (`POSITIVE`, `BOX_START`, ...), and the logits of an earlier mask."""

    points_xy: Float32[np.ndarray, "n 2"]
    kinds: Float32[np.ndarray, " n"]
    logits: Float32[np.ndarray, "256 256"] | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """Logits of each mask over the encoder's square, positive on the object, and the IoU that each is said to have."""

    logits: Float32[np.ndarray, "m 256 256"]
    ious: Float32[np.ndarray, " m"]


@runtime_checkable
class Networks(Protocol):
    """What an assistant asks of the two networks."""

    @property
    def digest(self) -> str:
        """What tells the encoder's embeddings from those of others."""
        ...

    def encode(self, picture: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "256 64 64"]:
        """The embedding of a picture, whose longer side is brought to the encoder's; below or beside it nothing is seen."""
        ...

    def decode(self, embedding: Float32[np.ndarray, "256 64 64"], prompt: Prompt) -> Answer:
        """All masks that the decoder has for a prompt."""
        ...


class SamNetworks:
    """Encoder and decoder of one export, loaded when first used."""

    def __init__(self, encoder: Path, decoder: Path, *, runtime: str | None = None) -> None:
        self.encoder_path, self.decoder_path, self._runtime = encoder, decoder, runtime

    @cached_property
    def digest(self) -> str:
        """What tells the encoder's embeddings from those of others."""
        return sha256(self.encoder_path)

    @cached_property
    def _encoder(self) -> Runs:
        return open_network(self.encoder_path, runtime=self._runtime)

    @cached_property
    def _decoder(self) -> Runs:
        content = self.decoder_path.read_bytes()
        has_all = all(name.encode() in content for name in ALL_FOUR)
        return open_network(self.decoder_path, outputs=ALL_FOUR if has_all else GIVEN, runtime=self._runtime)

    def encode(self, picture: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "256 64 64"]:
        """The embedding of a picture, whose longer side is brought to the encoder's; below or beside it nothing is seen."""
        height, width = picture.shape[:2]
        size = scaled_size((height, width))
        scaled = Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.BILINEAR)
        square = np.zeros((1, 3, SIDE, SIDE), np.float32)
        square[0, :, : size[0], : size[1]] = ((np.asarray(scaled, np.float32) - MEAN) / STD).transpose(2, 0, 1)
        return self._encoder({"input": square})[0].reshape(256, 64, 64)

    def decode(self, embedding: Float32[np.ndarray, "256 64 64"], prompt: Prompt) -> Answer:
        """All masks that the decoder has for a prompt."""
        points, kinds = prompt.points_xy, prompt.kinds
        if not (kinds == BOX_START).any():  # as the reference has it
            points, kinds = np.concatenate([points, np.zeros((1, 2), np.float32)]), np.append(kinds, np.float32(PADDING))
        has_logits = prompt.logits is not None
        logits = prompt.logits if prompt.logits is not None else np.zeros((LOW, LOW), np.float32)
        masks, ious = self._decoder(
            {
                "image_embeddings": embedding[None],
                "point_coords": points[None].astype(np.float32),
                "point_labels": kinds[None].astype(np.float32),
                "mask_input": logits[None, None].astype(np.float32),
                "has_mask_input": np.full(1, has_logits, np.float32),
                "orig_im_size": np.full(2, SIDE, np.float32),
            }
        )
        return Answer(masks.reshape(-1, LOW, LOW), ious.reshape(-1))


def scaled_size(size_hw: tuple[int, int]) -> tuple[int, int]:
    """Height and width of a picture of this size on the encoder's square."""
    scale = SIDE / max(size_hw)
    return max(int(size_hw[0] * scale + 0.5), 1), max(int(size_hw[1] * scale + 0.5), 1)
