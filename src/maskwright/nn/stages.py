"""The shape of a network: its layers gathered into stages, and which stage takes the maps of which."""

from dataclasses import dataclass
from itertools import groupby

from maskwright.nn.layer import IMAGE, Layer

Shape = tuple[int, int, int]  # channels, height, width


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Layers that follow each other at one resolution.

    - `sources`: the stages whose maps it takes; the image is stage 0 and has no layers;
    - `parts`: channels that each source contributes where it begins by joining several;
    - `shape`, `stride`, `dilation`: of the map it gives; the stride is None where that is one value for the whole image.
    """

    name: str
    layers: tuple[Layer, ...]
    sources: tuple[int, ...]
    parts: tuple[int, ...]
    shape: Shape
    stride: float | None
    dilation: int


@dataclass(frozen=True)
class _Unit:
    """The layers of one block; `sources` are the units whose maps it takes."""

    layers: tuple[Layer, ...]
    sources: tuple[int, ...]

    @property
    def last(self) -> Layer:
        return self.layers[-1]

    @property
    def learns(self) -> bool:
        return any(layer.weights for layer in self.layers)

    @property
    def dilation(self) -> int:
        return max(layer.dilation for layer in self.layers)

    @property
    def stays(self) -> bool:
        """Whether its map has the resolution of what it takes."""
        return _alike(self.layers[0].shape_in, self.last.shape_out)

    @property
    def enlarges(self) -> bool:
        """Whether its map is larger than what it takes."""
        return not self.stays and self.last.shape_out[1] > self.layers[0].shape_in[1]


def stages(layers: tuple[Layer, ...]) -> tuple[Stage, ...]:
    """The stages of a network in the order in which they run, the image first.

    A block goes on with the stage before it while resolution and dilation stay and nothing else reads the map between them.
    Blocks that bring the maps to as many channels as the network's output has are stages of their own: they give the scores.
    """
    units = _units(layers)
    groups: list[list[int]] = [[IMAGE]]
    home = {IMAGE: 0}
    for place, unit in enumerate(units):
        homes = {home[source] for source in unit.sources}
        if len(homes) == 1 and unit.stays and _goes_on(unit, units, groups[home[unit.sources[0]]]):
            home[place] = home[unit.sources[0]]
            groups[home[place]].append(place)
            continue
        taken = [source for source in unit.sources if len(homes) > 1 and _is_last_step_up(source, units, groups[home[source]])]
        members = [member for source in taken for member in groups[home[source]]]
        for source in taken:
            groups[home[source]] = []
        groups.append([*members, place])
        home |= dict.fromkeys(groups[-1], len(groups) - 1)
    kept = {group: number for number, group in enumerate(group for group, members in enumerate(groups) if members)}
    where = {place: kept[group] for place, group in home.items()}
    return tuple(_stage(members, units, where) for members in groups if members)


def _units(layers: tuple[Layer, ...]) -> list[_Unit]:
    """Layers by block, those of one block side by side."""
    units: list[_Unit] = []
    unit_of = {IMAGE: IMAGE}
    for _, numbered in groupby(enumerate(layers), key=lambda pair: pair[1].block):
        places, members = zip(*numbered, strict=True)
        unit_of |= dict.fromkeys(places, len(units))
        sources = dict.fromkeys(unit_of[source] for layer in members for source in layer.inputs)
        units.append(_Unit(members, tuple(source for source in sources if source != len(units))))
    return units


def _goes_on(unit: _Unit, units: list[_Unit], group: list[int]) -> bool:
    """Whether a unit that keeps the resolution belongs to the stage of what it takes."""
    if not unit.learns:
        return True
    source = unit.sources[0]
    if group[0] == IMAGE or len(unit.sources) > 1 or _readers(source, units) > 1:
        return False
    classes = units[-1].last.shape_out[0]
    gives_scores = unit.last.shape_out[0] == classes != units[source].last.shape_out[0]
    return not gives_scores and unit.dilation <= max(units[member].dilation for member in group if member != IMAGE)


def _is_last_step_up(source: int, units: list[_Unit], group: list[int]) -> bool:
    """Whether a stage only enlarges a map that is then joined to another: it is drawn as part of the joint."""
    if group[0] == IMAGE or not units[group[0]].enlarges or _readers(source, units) > 1:
        return False
    return not any(units[member].learns for member in group[1:])


def _readers(place: int, units: list[_Unit]) -> int:
    return sum(place in unit.sources for unit in units)


def _stage(members: list[int], units: list[_Unit], where: dict[int, int]) -> Stage:
    own = [units[member] for member in members if member != IMAGE]
    layers = tuple(layer for unit in own for layer in unit.layers)
    if members[0] == IMAGE:
        shape = units[0].layers[0].shape_in
        return Stage(name="image", layers=layers, sources=(), parts=(), shape=shape, stride=1.0, dilation=1)
    is_output = members[-1] == len(units) - 1
    last = own[-1].last if is_output else next((unit.last for unit in reversed(own) if unit.learns), own[-1].last)
    sources = _sources(members, units)
    return Stage(
        name=_name(layers), layers=layers,
        sources=tuple(where[source] for source in sources), parts=tuple(sources.values()) if len(sources) > 1 else (),
        shape=last.shape_out, stride=last.stride, dilation=max(layer.dilation for layer in layers),
    )  # fmt: skip


def _sources(members: list[int], units: list[_Unit]) -> dict[int, int]:
    """The units that a stage takes maps from, with the channels that reach its joint; a step up comes before its joint."""
    sources: dict[int, int] = {}
    for member in members:
        for source in units[member].sources:
            if source not in members:
                giver = member if units[member].enlarges else source
                sources[source] = units[giver].last.shape_out[0] if giver != IMAGE else units[0].layers[0].shape_in[0]
    return sources


def _name(layers: tuple[Layer, ...]) -> str:
    """The path that its learning blocks share, with the range of their numbers; or what it does where nothing learns."""
    blocks = [layer.block for layer in layers if layer.weights and ":" not in layer.block]
    if not blocks:
        return layers[0].kind
    paths = [block.split(".") for block in dict.fromkeys(blocks)]
    depth = 0
    while all(len(path) > depth for path in paths) and len({path[depth] for path in paths}) == 1:
        depth += 1
    shared, numbers = paths[0][:depth], [path[depth] for path in paths if len(path) > depth]
    if not shared:
        return blocks[-1]
    if len(numbers) > 1 and all(number.isdecimal() for number in numbers):
        return f"{'.'.join(shared)}.{numbers[0]}-{numbers[-1]}"
    return blocks[0]


def _alike(a: Shape, b: Shape) -> bool:
    """Whether two maps have one resolution: unpadded convolutions and crops take a little off, pooling halves."""
    return all(max(pair) < 1.5 * min(pair) for pair in zip(a[1:], b[1:], strict=True))
