"""Planes of a stack as images of their own, each read without the others."""

from pathlib import Path

import numpy as np
from jaxtyping import Num, Shaped

from maskwright.base.errors import ImageFileError, MaskwrightError
from maskwright.formats import large_tiff
from maskwright.formats.large_image import LargeImage, is_zarr, open_large
from maskwright.formats.plane_paths import axes_of, file_of, is_plane
from maskwright.formats.stored import Header


class Plane:
    """One plane of a stack, as an image that is read part by part and is no stack."""

    def __init__(self, path: Path) -> None:
        """Raises `ImageFileError` where the file cannot be read part by part, or has no such plane."""
        file, stack = file_of(path), open_stack(path)
        if path.name not in stack.planes:
            stack.close()
            seen = f"its planes are {stack.planes[0]} to {stack.planes[-1]}" if stack.planes[0] else "it is no stack"
            raise ImageFileError(f"{file}: has no plane {path.name}; {seen}. Bring the stack back that was meant.")
        self._stack, self._number = stack, stack.planes.index(path.name)
        self.path, self.order, self.version = path, stack.order, stack.version
        self.planes: tuple[str, ...] = ("",)
        self.size_hw, self.channels, self.dtype, self.notes = stack.size_hw, stack.channels, stack.dtype, stack.notes
        self.axes = stack.axes[-2:]

    def read(self, box_xyxy: tuple[int, int, int, int], plane: int = 0) -> Num[np.ndarray, "h w c"]:
        """The pixels of a half-open box."""
        return self._stack.read(box_xyxy, self._number)

    def stored(self) -> tuple[Header, Shaped[np.ndarray, "h w s"]]:
        """What the file says of its pixels, and all of them as it holds them. Raises `ImageFileError` where it is no TIFF."""
        if not isinstance(self._stack, large_tiff.LargeTiff):
            raise ImageFileError(f"{file_of(self.path)}: masks are read from image files, not from a Zarr. Write a TIFF of it.")
        height, width = self.size_hw
        return self._stack.header, self._stack.stored((0, 0, width, height), self._number)

    def close(self) -> None:
        """Let go of the file."""
        self._stack.close()


def open_stack(plane: Path) -> LargeImage:
    """The stack that a plane lies in, by the axes that the plane's name says; to be closed. Raises `ImageFileError`."""
    return open_large(file_of(plane), "".join(axes_of(plane)).upper())


def open_parted(path: Path) -> LargeImage:
    """An image or a plane of a stack, to be read part by part and closed. Raises `ImageFileError`."""
    return Plane(path) if is_plane(path) else open_large(path)


def planes_of(path: Path, axes: str = "") -> tuple[str, ...]:
    """The names of the planes of a stack, as "t=0 z=3"; none where a file is one image, or cannot be read as a stack.

    A Zarr whose axes count planes is a stack, however many there are: nothing else reads it as an image.

    axes: those of the file as a person names them, as "ZYX", where it does not. Raises `ImageFileError` where the names of its
    planes could not tell these from channels, which then nobody could who reads the labels.
    """
    if not is_plane(path / "z=0") or not (is_zarr(path) or large_tiff.has_planes(path)):
        return ()
    own = _opened(path)
    stack = own or _opened(path, axes)
    if stack is None or stack.planes[0] == "" or (len(stack.planes) == 1 and not is_zarr(path)):
        return ()
    if own is not None:
        return own.planes
    again = _opened(path, "".join(axis.name for axis in stack.axes[:-2]).upper())
    if again is None or (again.order, again.planes) != (stack.order, stack.planes):
        raise ImageFileError(
            f"{path}: by the axes {axes} its planes would be called {stack.planes[0]}, which does not say what of it are "
            f"channels. Write the file anew so that it names its axes, as tifffile does with metadata={{'axes': '{axes}'}}."
        )
    return stack.planes


def _opened(path: Path, axes: str = "") -> LargeImage | None:
    """What a stack says of itself, closed; None where it cannot be read as one."""
    try:
        image = open_large(path, axes)
    except MaskwrightError:  # what is wrong, or that zarr is not installed, is told to who reads it
        return None
    image.close()
    return image
