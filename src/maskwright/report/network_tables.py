"""The layers of a network as tables for the terminal, one row a stage or one a layer."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from maskwright.nn.layer import Layer
from maskwright.nn.stages import Stage
from maskwright.report.words import shortened

NAME_LENGTH, NAME_WIDTH = 26, 12  # most characters of a name, and those that no terminal is too narrow for
JOINTS = ("cat", "add")
UNITS = ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"))
NOTES = (
    "MACs: multiplications with weights; norms, activations and resizing cost little. Stride: image pixels from one pixel of a "
    "map to the next. Field: the most image pixels, a side, that a pixel depends on; statistics of normalisations are left out."
)
SEES_ALL = " +: and on a mean over the whole image."


def stage_table(stages: Sequence[Stage]) -> Table:
    """Every stage with the number that it has in the drawing, and what all of them have together."""
    table = _table("stage")
    rows = [(number, stage) for number, stage in enumerate(stages) if stage.sources]
    for number, stage in rows:
        name = Text(shortened(stage.name, NAME_LENGTH))
        _row(table, number, name, _taken(stage), maps(stage.shape), stage.layers, is_last=number == rows[-1][0])
    _total(table, [layer for stage in stages for layer in stage.layers])
    return table


def _taken(stage: Stage) -> str:
    """What a stage takes: of two maps that it lays side by side, the channels of each."""
    joint = next((layer for layer in stage.layers if layer.operation in JOINTS), None) if stage.parts else None
    if joint is None:
        return maps(stage.layers[0].shape_in)
    channels = {"add": str(stage.parts[0]), "cat": "+".join(map(str, stage.parts))}[joint.operation]
    return f"{channels if len(stage.parts) <= 2 else sum(stage.parts)}×{side(joint.shape_in)}"


def layer_table(layers: Sequence[Layer]) -> Table:
    """Every layer, also those that learn nothing."""
    table = _table("layer")
    for number, layer in enumerate(layers, 1):
        name = Text.assemble(shortened(layer.name, NAME_LENGTH), "  " if layer.name else "", (layer.kind, "dim"))
        _row(table, number, name, maps(layer.shape_in), maps(layer.shape_out), [layer], is_last=number == len(layers))
    _total(table, layers)
    return table


def maps(shape: tuple[int, int, int]) -> str:
    """'64×512²', or '64×360×480'."""
    return f"{shape[0]}×{side(shape)}"


def side(shape: tuple[int, int, int]) -> str:
    """The size of a map: '512²', or '360×480'."""
    _, height, width = shape
    return f"{height}²" if height == width > 1 else f"{height}×{width}"


def rounded(count: float) -> str:
    """A count with three digits and its unit: '7.76 M'; '' for none."""
    for size, unit in UNITS:
        if count >= 0.9995 * size:
            return f"{count / size:.3g}{unit}" if count < 999.5 * size else f"{count / size:.0f}{unit}"
    return f"{count:g}" if count else ""


def field(layer: Layer) -> str:
    """The receptive field of a layer's map."""
    high, wide = layer.field_hw
    size = f"{high}" if high == wide else f"{high}×{wide}"
    return (size if high else "all") + ("+" if layer.sees_all and high else "")


def _table(first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), caption_justify="left")
    table.add_column("", justify="right", style="dim", no_wrap=True)
    table.add_column(first, overflow="fold", min_width=NAME_WIDTH)
    for heading in ("in", "out", "weights", "MACs", "stride", "field"):
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _row(table: Table, number: int, name: Text, before: str, after: str, layers: Sequence[Layer], *, is_last: bool) -> None:
    last = layers[-1]
    stride = "" if last.stride is None else f"{last.stride:.3g}"
    weights, macs = (rounded(sum(counts)) for counts in zip(*((layer.weights, layer.macs) for layer in layers), strict=True))
    table.add_row(str(number), name, before, after, weights, macs, stride, field(last), end_section=is_last)


def _total(table: Table, layers: Sequence[Layer]) -> None:
    weights, macs = sum(layer.weights for layer in layers), sum(layer.macs for layer in layers)
    table.add_row("", "all", "", "", rounded(weights), rounded(macs), "", field(layers[-1]), style="bold")
    notes = NOTES + (SEES_ALL if any(layer.sees_all for layer in layers) else "")
    table.caption = Text(notes, style="dim not italic")
