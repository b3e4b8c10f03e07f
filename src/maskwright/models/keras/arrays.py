"""The U-Net in a Keras file of arrays only: what each is by its shape, their order by their numbers, the rest as usual."""

from maskwright.base.errors import WeightsError
from maskwright.models.keras.file import KerasFile, Layer
from maskwright.models.keras.parts import BatchNorm, Convolution, Parts

EPSILON = 1e-3  # of Keras's batch normalisation, unless it is told another
KINDS = {(3, 3): "conv2d", (2, 2): "conv2d_transpose", (1, 1): "conv2d"}  # by the size of the kernel
NORM = "batch_normalization"
RELUS = ("re_lu", "activation")
WITHOUT_ARRAYS = ("input_layer", "max_pooling2d", "concatenate", "dropout", "spatial_dropout2d", *RELUS)


def parts_of_arrays(file: KerasFile, *, up_first: bool) -> Parts:
    """The parts of the usual U-Net with such arrays. Raises `WeightsError` saying what was seen where there is none."""
    convolutions, ups, heads, norms = _sorted_out(file)
    blocks = 2 * len(ups) + 1
    if len(heads) != 1 or not convolutions or len(convolutions) % blocks:
        raise WeightsError(
            f"{file.path}: holds {len(convolutions)} convolutions of 3x3, {len(ups)} transposed ones of 2x2 and "
            f"{len(heads)} of 1x1. With {len(ups)} steps up, a U-Net has 1 of 1x1, and {blocks} times as many of 3x3 as each "
            f"level has. {REMEDY}"
        )
    if norms and len(norms) != len(convolutions):
        raise WeightsError(
            f"{file.path}: holds {len(norms)} batch normalisations for {len(convolutions)} convolutions of 3x3; "
            "a U-Net here has one after each, or none."
        )
    after = norms or (None,) * len(convolutions)
    parts = [Convolution(layer, norm) for layer, norm in zip(convolutions, after, strict=True)]
    size = len(parts) // blocks
    return Parts(
        blocks=tuple(tuple(parts[start : start + size]) for start in range(0, len(parts), size)),
        upsampling="transposed",
        ups=tuple(map(Convolution, ups)),
        up_first=(up_first,) * len(ups),
        head=Convolution(heads[0]),
    )


REMEDY = "Save the whole model as a .keras file, which describes how its layers are joined."


def _sorted_out(file: KerasFile) -> tuple[list[Layer], list[Layer], list[Layer], list[BatchNorm]]:
    """Convolutions, steps up, heads and normalisations, each in order."""
    sizes: dict[tuple[int, ...], list[Layer]] = {size: [] for size in KINDS}
    norms = []
    for layer in file.layers:
        shapes = [array.shape for array in layer.arrays]
        if not shapes and layer.kind in WITHOUT_ARRAYS:
            continue
        axes = [len(shape) for shape in shapes]
        size = shapes[0][:2] if shapes else ()
        if axes in ([4], [4, 1]) and size in KINDS and layer.kind in ("", KINDS[size]):
            sizes[size].append(layer)
        elif (layer.kind == NORM and axes == [1, 1]) or (layer.kind in ("", NORM) and axes == [1, 1, 1, 1]):
            norms.append(_norm(layer))
        else:
            seen = f"with arrays of {', '.join(map(str, shapes))}" if shapes else "alone"
            raise file.error(layer, f"{seen} cannot be placed in a U-Net here. {REMEDY}")
    bare = {layer.kind for layer in file.layers if not layer.arrays}
    if norms and bare and not bare & set(RELUS):
        raise WeightsError(
            f"{file.path}: has batch normalisations but no layer for ReLU, so they seem to follow it; a U-Net here has them "
            f"before it. {REMEDY}"
        )
    return sizes[3, 3], sizes[2, 2], sizes[1, 1], norms


def _norm(layer: Layer) -> BatchNorm:
    """Four arrays, or mean and variance alone."""
    *learned, mean, variance = layer.arrays
    gamma, beta = learned or (0 * mean + 1, 0 * mean)
    return BatchNorm(gamma, beta, mean, variance, EPSILON)
