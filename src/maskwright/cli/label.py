"""`maskwright label`: a page in the browser where a person turns images into masks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.base.errors import DataError
from maskwright.cli import values

if TYPE_CHECKING:
    from maskwright.studio.running import Address
    from maskwright.studio.store import Store

SHOWN = 10  # losses of an import on the terminal; all are in its report


def command(
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="IMAGES...",
            help="Folder of the images, or of a project that knows it; or images of one folder.",
            show_default=False,
        ),
    ],
    project: Annotated[
        Path | None, typer.Option("--project", metavar="DIR", help="Folder of the labels.", show_default="IMAGES-labels")
    ] = None,
    classes: Annotated[
        str | None, typer.Option("--classes", metavar="A,B,C", help="Classes of the objects; new ones are added.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", metavar="PATH", help="Begin a new project with these labels, in any format that is read."),
    ] = None,
    parts_as_objects: Annotated[
        bool, typer.Option("--parts-as-objects", help="Of --labels that hold classes: each connected part is an object.")
    ] = False,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port of the server.", show_default="a free one from 8765")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Where the server listens.")] = "127.0.0.1",
    expose: Annotated[
        bool, typer.Option("--expose", help="Allow a --host that other machines reach. Who has the address can label.")
    ] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address and open nothing.")] = False,
    no_learning: Annotated[bool, typer.Option("--no-learning", help="Train nothing in the background.")] = False,
    assistant: Annotated[
        str | None,
        typer.Option("--assistant", metavar="NAME", help="What turns clicks into masks: a name, or the folder of a run."),
    ] = None,
    axes: Annotated[
        str | None,
        typer.Option(
            "--axes",
            metavar="AXES",
            help="What the axes of stacks are that do not say it, as ZYX or TYX; the project keeps it.",
        ),
    ] = None,
    max_pixels: Annotated[
        int | None, typer.Option("--max-pixels", metavar="N", help="Largest image that is opened.", show_default="178956970")
    ] = None,
) -> None:
    """Label images in the browser. Everything stays on this machine; each stroke is on the disk once the page says saved."""
    from maskwright.cli.terminal import say
    from maskwright.formats.project_file import is_project
    from maskwright.studio import running
    from maskwright.studio.store import InUse, beside, open_store

    if not running.is_local(host) and not expose:
        raise DataError(
            f"--host {host}: other machines would reach the server, and who sees its address could change labels. If that is "
            f"meant, pass --expose as well; the connection is not encrypted."
        )
    root, only = _chosen(images)
    known = root if project is None and only is None and is_project(root) else None
    folder = known or project or beside(root)
    names = values.names(classes) if classes else ()
    if labels is not None:
        _import(labels, folder, root, parts_as_objects=parts_as_objects)
    try:
        store = open_store(folder, None if known else root, names, only, _planes_in(axes))
    except InUse:
        found = running.running(folder)
        if found is None:
            raise
        say(f"{folder}: is open already.")
        _show(found, no_browser=no_browser)
        return
    if max_pixels is not None:
        store.max_pixels = max_pixels
    available, chosen = _assistants(assistant)
    _tell(store)
    studio = running.studio_of(store, available, chosen, is_learning=not no_learning)
    running.serve(studio, host, port, lambda address: _show(address, no_browser=no_browser, stops=True))
    say(f"Stopped. The labels are in {folder}.")


def _chosen(images: list[Path]) -> tuple[Path, tuple[str, ...] | None]:
    """The folder of the images, and which of it were named; None where the folder was."""
    from maskwright.formats.content import image_kind
    from maskwright.formats.large_image import is_zarr

    if len(images) == 1 and not images[0].is_file() and not is_zarr(images[0]):
        return images[0], None
    images = [path.absolute() for path in images]  # '.' within a Zarr has no name
    for path in images:
        if is_zarr(path):
            continue
        if not path.is_file():
            what = "is a folder; name one folder, or images of one" if path.is_dir() else "there is no such image"
            raise DataError(f"{path}: {what}.")
        image_kind(path)  # refuses what is no image
    root = images[0].parent
    apart = next((path for path in images if path.parent.resolve() != root.resolve()), None)
    if apart is not None:
        raise DataError(
            f"{apart}: lies in another folder than {images[0]}. Name images of one folder, or a folder that holds all."
        )
    return root, tuple(path.name for path in images)


def _planes_in(axes: str | None) -> str:
    """The axes as a person says them. Raises `DataError` where none of them counts planes."""
    from maskwright.formats.large_axes import PLANES, check_said

    said = "" if axes is None else check_said(axes)
    if said and not set(said) & set(PLANES):
        raise DataError(
            f"--axes {axes}: none of these counts planes, which are Z for slices and T for times. Pages that are channels are "
            "labelled as one image where the file itself says so: write it anew with the axes CYX."
        )
    return said


def _assistants(wanted: str | None) -> tuple[tuple[str, ...], str | None]:
    """The assistants that are here, and the one to begin with."""
    from maskwright.assist import table

    available = tuple(table.assistants())
    if wanted is not None and wanted not in available:
        if not (Path(wanted) / "plan.json").is_file():
            from maskwright.base.errors import did_you_mean

            raise DataError(f"--assistant {wanted}: there is none of this name. {did_you_mean(wanted, available)}")
        return (wanted, *available), wanted
    default = table.DEFAULT if table.DEFAULT in available else None
    return available, wanted or default


def _import(labels: Path, folder: Path, images: Path, *, parts_as_objects: bool) -> None:
    """Make a project of labels in another format."""
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import bar, heading, say
    from maskwright.engine.convert import convert
    from maskwright.engine.reading import Reading
    from maskwright.report.words import counted

    if folder.exists():
        raise DataError(f"{folder}: there is a project already. Open it without --labels, or name a new one with --project.")
    apart = None if images.resolve().is_relative_to(labels.resolve()) else images
    with bar("Importing") as progress:
        made = convert(
            Reading(path=labels), folder, to="project", images=apart, parts_as_objects=parts_as_objects, progress=progress
        )
    heading("Imported", str(labels))
    say(f"{counted(made.images)}, {counted(made.objects, 'object')}; {made.exact} came over pixel for pixel.", indent=2)
    for loss in made.losses[:SHOWN]:
        tell("warning", str(loss))
    if len(made.losses) > SHOWN:
        say(f"and {len(made.losses) - SHOWN} more, all in {made.report}.", indent=2)


def _tell(store: "Store") -> None:
    """What is opened."""
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import heading, say
    from maskwright.report.words import counted
    from maskwright.studio import classes, images

    states = images.counts(store.database, store.only)
    heading("Studio", str(store.images))
    done = f"{counted(sum(states.values()))}: {states['done']} done, {states['look']} to look at again, {states['todo']} to do."
    say(done, indent=2)
    say(f"Classes: {', '.join(one.name for one in classes.listed(store.database))}.", indent=2)
    say(f"Labels: {store.folder} (train on them as they lie: maskwright train {store.folder})", indent=2)
    for words in store.words:
        tell("note", words)


def _show(address: "Address", *, no_browser: bool, stops: bool = False) -> None:
    """The address, and the browser."""
    import webbrowser

    from maskwright.cli.terminal import gap, say

    gap()
    say(f"Open {address.url}")
    if stops:
        say("Ctrl-C stops the server. What the page calls saved is saved.", style="dim")
    if not no_browser:
        webbrowser.open(address.url)
