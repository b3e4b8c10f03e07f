"""The options that say how to read a data folder, shared by every command that reads one."""

import functools
import inspect
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskwright.cli import values

if TYPE_CHECKING:
    from maskwright.engine.reading import Reading

PANEL = "How to read the data (what is left out is inferred)"

Said = dict[str, Any]  # fields of engine.reading.Reading that a person gave


def option(name: str, value: str, text: str, **details: Any) -> Any:
    """An option of the panel that these have in the help."""
    return typer.Option(name, metavar=value, help=text, rich_help_panel=PANEL, **details)


def said(
    masks: Annotated[Path | None, option("--masks", "DIR", "Folder of the masks, where they lie apart.")] = None,
    image_glob: Annotated[str | None, option("--image-glob", "GLOB", "Which files are images: 'raw/*.tif'.")] = None,
    mask_glob: Annotated[str | None, option("--mask-glob", "GLOB", "Which files are masks: 'seg/*.png'.")] = None,
    kind: Annotated[str | None, option("--kind", "KIND", "What masks hold: binary, class-ids, colors or instances.")] = None,
    ignore: Annotated[
        list[str] | None, option("--ignore", "VALUE", "A mask value to leave out, as 255 or #FFFFFF. Repeatable.")
    ] = None,
    class_names: Annotated[str | None, option("--class-names", "NAMES", "Names of the classes: background,cell")] = None,
    colors: Annotated[str | None, option("--colors", "TABLE", "Classes by colour: #000000=background,#9B9B9B=cell")] = None,
    foreground: Annotated[int | None, option("--foreground", "VALUE", "The one mask value that is the object.")] = None,
    repair: Annotated[
        str | None, option("--repair", "HOW", "'nearest' mends masks that JPEG or smooth resizing changed.")
    ] = None,
    format: Annotated[
        str | None, option("--format", "FORMAT", "Read annotations of this format, such as coco, not masks.")
    ] = None,
    annotations: Annotated[
        Path | None, option("--annotations", "FILE", "The annotations, where it is not clear which are meant.")
    ] = None,
    group_by: Annotated[
        str | None, option("--group-by", "REGEX", "Regular expression on image names: what belongs together.")
    ] = None,
    max_pixels: Annotated[int | None, option("--max-pixels", "COUNT", "Largest image to accept, in pixels.", min=1)] = None,
) -> Said:
    """What a person said, as fields of a `Reading`."""
    given: Said = {
        "masks": masks,
        "image_glob": image_glob,
        "mask_glob": mask_glob,
        "kind": kind,
        "ignore": tuple(values.mask_value(text) for text in ignore) if ignore else None,
        "class_names": values.names(class_names) if class_names else None,
        "colors": values.color_table(colors) if colors else None,
        "foreground": foreground,
        "repair": repair,
        "format": format,
        "annotations": annotations,
        "group_by": group_by,
        "max_pixels": max_pixels,
    }
    return {name: value for name, value in given.items() if value is not None}


def reads_data(command: Callable[..., None], *, without: tuple[str, ...] = ()) -> Callable[..., None]:
    """The command with these options, all but those `without`, in the place of its parameter `said`."""
    shared = {name: option for name, option in inspect.signature(said).parameters.items() if name not in without}
    own = inspect.signature(command).parameters

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        command(said=said(**{name: given.pop(name) for name in shared}), **given)

    parameters = [parameter for name, parameter in own.items() if name != "said"] + list(shared.values())
    keyword = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    with_options.__signature__ = inspect.Signature(keyword)  # type: ignore[attr-defined]  # what typer reads
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in keyword}
    return with_options


def typed(reading: "Reading") -> str:
    """The options that make such a reading, as they are typed."""
    words: list[str] = []
    for name in inspect.signature(said).parameters:
        flag, value = f"--{name.replace('_', '-')}", getattr(reading, name)
        if value == getattr(type(reading), name):  # as if nothing was said
            continue
        if name == "ignore":
            words += [word for each in value for word in (flag, values.written(each))]
        elif name == "colors":
            words += [flag, ",".join(f"{values.written(color)}={name}" for color, name in value)]
        else:
            words += [flag, ",".join(value) if name == "class_names" else str(value)]
    return shlex.join(words)
