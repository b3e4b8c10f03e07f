"""What a Keras file holds, read without Keras: layers, how they are joined, and their arrays."""

import io
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Float32

from maskwright.base.errors import MaskwrightError, WeightsError
from maskwright.base.files import natural_key

MOST_CONFIG_BYTES = 2**24  # of a network's description; a U-Net of five levels takes 2**16
MOST_BYTES = 2**31  # of all arrays; the U-Net paper's network with the state of its optimizer takes 2**29
CONTAINERS = ("layers", "_layer_checkpoint_dependencies")  # of weights, in Keras 3 and in 2.12

Array = Float32[np.ndarray, "..."]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: its class and settings, the layers that it takes its input from, its arrays in Keras's order.

    Where the file does not describe the network, `kind` is the class as Keras 3 writes it in names of groups ('conv2d'), or
    '' in a file of Keras 2, and nothing else is known.
    """

    name: str
    kind: str
    settings: dict[str, Any]
    inputs: tuple[str, ...]
    arrays: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class KerasFile:
    """The layers of a file; `output` names the last one, None where the file holds arrays only."""

    path: Path
    layers: tuple[Layer, ...]
    output: str | None

    def error(self, layer: Layer, words: str) -> WeightsError:
        """The error that a layer cannot be used, and why."""
        kind = f" ({layer.kind})" if layer.kind else ""
        return WeightsError(f"{self.path}: layer '{layer.name}'{kind} {words}")


def read(path: Path) -> KerasFile:
    """Read a `.keras` or `.h5` file of Keras 2 or 3, told apart by its content. No code from the file is ever run.

    Raises `WeightsError` where it is something else, `MaskwrightError` where h5py is not installed; what a damaged file sets
    off is for `understood` to catch.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file.")
    h5py = _h5py()
    if not zipfile.is_zipfile(path):
        with h5py.File(path, "r") as file:
            return _read_hdf5(path, _Arrays(path, file))
    with zipfile.ZipFile(path) as archive:
        config = json.loads(_unpacked(path, archive, "config.json", MOST_CONFIG_BYTES))
        content = io.BytesIO(_unpacked(path, archive, "model.weights.h5", MOST_BYTES))
    with h5py.File(content, "r") as file:
        return _with_graph(path, config, _of_names(config, _keras_3(_Arrays(path, file))))


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Whatever a damaged file sets off becomes a `WeightsError`."""
    try:
        yield
    except (
        OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, LookupError, TypeError, ValueError, AttributeError
    ) as error:  # fmt: skip
        raise WeightsError(
            f"{path}: not a readable Keras file ({type(error).__name__}: {error}). It is damaged or of another kind; give a "
            ".keras or .weights.h5 file."
        ) from error


class _Arrays:
    """The arrays of an HDF5 file. Links to other files are not followed, and all together may take `MOST_BYTES`."""

    def __init__(self, path: Path, file: Any) -> None:
        self.path, self.file, self.left = path, file, MOST_BYTES

    def at(self, *names: str) -> Any:
        """The group or array of this place; None where there is none."""
        place = self.file
        for name in (part for path in names for part in path.split("/")):
            if not _is_group(place) or name not in place:
                return None
            if type(place.get(name, getlink=True)).__name__ != "HardLink":
                raise WeightsError(f"{self.path}: '{place.name}/{name}' points elsewhere, which no file of Keras does.")
            place = place[name]
        return place

    def members(self, *names: str) -> list[str]:
        """What the group of this place holds; nothing where there is none."""
        place = self.at(*names)
        return list(place) if _is_group(place) else []

    def array(self, *names: str) -> Array:
        """One array. Raises `WeightsError` where it holds no finite floating-point numbers or is too large."""
        dataset = self.at(*names)
        if dataset is None or _is_group(dataset):
            raise WeightsError(f"{self.path}: has no array '{'/'.join(names)}'. The file is damaged.")
        self.left -= dataset.size * dataset.dtype.itemsize
        if self.left < 0 or dataset.external or dataset.is_virtual:
            raise WeightsError(f"{self.path}: '{dataset.name}' is not stored within {MOST_BYTES} bytes of this file.")
        if dataset.dtype.kind != "f":
            raise WeightsError(f"{self.path}: '{dataset.name}' holds {dataset.dtype} numbers. Save the model in float32.")
        values = np.asarray(dataset[()], np.float32)
        if not np.isfinite(values).all():
            raise WeightsError(f"{self.path}: '{dataset.name}' holds NaN or infinity. Such a network predicts nothing.")
        return values


def _read_hdf5(path: Path, arrays: _Arrays) -> KerasFile:
    """A whole network of Keras 2, or arrays of Keras 2 or 3."""
    root = arrays.file
    if "model_config" in root.attrs:
        return _with_graph(path, json.loads(root.attrs["model_config"]), _keras_2(arrays, "model_weights"))
    if "layer_names" in root.attrs:
        named = _keras_2(arrays)
    elif any(container in root for container in CONTAINERS):
        named = dict(sorted(_keras_3(arrays).items(), key=lambda item: natural_key(item[0])))
    else:
        raise WeightsError(
            f"{path}: holds {', '.join(sorted(root)[:5]) or 'nothing'}, but no 'layers'. Give a file that model.save or "
            "model.save_weights of a functional Keras model wrote."
        )
    kind = "" if "layer_names" in root.attrs else r"\1"
    layers = [Layer(name, re.sub(r"^(.*?)(_\d+)?$", kind, name), {}, (), found) for name, found in named.items()]
    return KerasFile(path, tuple(layers), None)


def _keras_2(arrays: _Arrays, *place: str) -> dict[str, tuple[Array, ...]]:
    """Arrays by the name of their layer, in the layers' order; of the layers that have some."""
    found = {}
    for layer in _texts(arrays.at(*place).attrs["layer_names"]):
        names = _texts(arrays.at(*place, layer).attrs["weight_names"])
        if names:
            found[layer] = tuple(arrays.array(*place, layer, name) for name in names)
    return found


def _keras_3(arrays: _Arrays) -> dict[str, tuple[Array, ...]]:
    """Arrays by class and number: 'conv2d', 'conv2d_1', ...; layers without any have an entry too."""
    found = {}
    for container in CONTAINERS:
        for layer in arrays.members(container):
            numbers = sorted(arrays.members(container, layer, "vars"), key=int)
            found[layer] = tuple(arrays.array(container, layer, "vars", number) for number in numbers)
    return found


def _of_names(config: Any, arrays: dict[str, tuple[Array, ...]]) -> dict[str, tuple[Array, ...]]:
    """Arrays by the name of their layer, from those by class and number."""
    count: Counter[str] = Counter()
    found = {}
    for entry in config["config"]["layers"]:
        stem = _snake_case(entry["class_name"])
        found[entry["config"]["name"]] = arrays.get(f"{stem}_{count[stem]}" if count[stem] else stem, ())
        count[stem] += 1
    return found


def _with_graph(path: Path, config: Any, arrays: dict[str, tuple[Array, ...]]) -> KerasFile:
    """The layers that the description of a network lists, with their arrays."""
    if config["class_name"] not in ("Functional", "Model"):
        raise WeightsError(
            f"{path}: holds a {config['class_name']} model; a U-Net is a functional one: keras.Model(inputs, outputs)."
        )
    layers = [
        Layer(
            entry["config"]["name"],
            entry["class_name"],
            entry["config"],
            tuple(_names(entry["inbound_nodes"])),
            arrays.get(entry["config"]["name"], ()),
        )
        for entry in config["config"]["layers"]
    ]
    outputs = list(_names(config["config"]["output_layers"]))
    found = KerasFile(path, tuple(layers), outputs[0])
    if len(outputs) != 1:
        raise WeightsError(f"{path}: has {len(outputs)} outputs ({', '.join(outputs)}); a U-Net here has one.")
    known: set[str] = set()
    for layer, entry in zip(layers, config["config"]["layers"], strict=True):
        if len(entry["inbound_nodes"]) > 1:
            raise found.error(layer, "is used more than once; a U-Net here uses every layer once.")
        if not known.issuperset(layer.inputs):
            raise found.error(
                layer, f"takes its input from {', '.join(layer.inputs)}, not all listed before it. It is damaged."
            )
        known.add(layer.name)
    return found


def _names(joined: Any) -> Iterator[str]:
    """The names of layers in what describes inputs: `["conv2d", 0, 0]` in Keras 2, under `keras_history` in Keras 3."""
    if isinstance(joined, dict):
        yield from _names(list(joined.values()))
    elif isinstance(joined, list):
        if len(joined) >= 3 and isinstance(joined[0], str) and joined[1:3] == [0, 0]:
            yield joined[0]
        else:
            for part in joined:
                yield from _names(part)


def _is_group(place: Any) -> bool:
    return hasattr(place, "keys")


def _texts(values: Any) -> list[str]:
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _snake_case(name: str) -> str:
    """Keras's own rule for the names of groups: Conv2DTranspose is conv2d_transpose."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _unpacked(path: Path, archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A member of an archive, of at most so many bytes, whatever its header says."""
    with archive.open(name) as member:
        content = member.read(most + 1)
    if len(content) > most:
        raise WeightsError(f"{path}: '{name}' in it has more than {most} bytes, too much for a U-Net.")
    return content


def _h5py() -> ModuleType:
    try:
        import h5py  # type: ignore[import-untyped]
    except ImportError as error:
        raise MaskwrightError("Keras files are read with h5py. Install it: pip install 'maskwright[keras]'") from error
    return h5py  # type: ignore[no-any-return]
