"""Why a mask has another size than its image, in words."""

from pathlib import Path

from maskwright.base.errors import DataError
from maskwright.formats.images import ImageInfo
from maskwright.formats.stored import oriented_size


def check_sizes(image: Path, info: ImageInfo, mask: Path, mask_hw: tuple[int, int]) -> None:
    """Raises `DataError` with both sizes and the likely cause where image and mask do not cover each other."""
    if info.size_hw != mask_hw:
        raise DataError(
            f"{mask}: the mask is {_words(mask_hw)} pixels, its image {image} {_words(info.size_hw)}. {_cause(info, mask_hw)}"
        )


def _cause(info: ImageInfo, mask_hw: tuple[int, int]) -> str:
    (height, width), (mask_height, mask_width) = info.size_hw, mask_hw
    if oriented_size(info.size_hw, info.orientation) == mask_hw:
        return (
            f"The image is turned by its EXIF orientation {info.orientation} and the mask was drawn on the unturned pixels: "
            f"turn the mask too, or remove the EXIF orientation from the image."
        )
    if (width, height) == mask_hw:
        return "Width and height are swapped: the mask was saved transposed or turned. Transpose it."
    if max(abs(height - mask_height), abs(width - mask_width)) <= 2:
        return "They differ by a pixel or two, as rounding in a resize or a crop leaves it. Make the mask anew from this image."
    if abs(mask_height / height - mask_width / width) < 0.02 * mask_height / height:
        return (
            f"The mask is the image scaled by {mask_height / height:.3g}: one of the two was resized. "
            f"Resize the mask with nearest neighbour, or use the image of the original size."
        )
    return "They show different cuts, or belong to different images. Check the names."


def _words(size_hw: tuple[int, int]) -> str:
    return f"{size_hw[1]} x {size_hw[0]}"
