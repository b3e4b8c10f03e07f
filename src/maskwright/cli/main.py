"""The program: its commands, and what an error looks like."""

import os
import sys
import traceback
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from maskwright.base.errors import MaskwrightError
from maskwright.cli import (
    assistant,
    check,
    clicks,
    compare,
    convert,
    cost,
    demo,
    draw,
    evaluate,
    export,
    import_keras,
    inspect,
    label,
    measure,
    plan,
    predict,
    report,
    synth,
    terminal,
    train,
    version,
)

EXIT_CODES = (
    "Exit codes: 0 done · 1 check found what would spoil a training · 2 the input or the surroundings do not permit it · "
    "3 done, but some files were left out · 4 the training failed · 130 interrupted."
)
INTERRUPTED, BROKEN_PIPE, INTERNAL = 130, 141, 70


class Commands(TyperGroup):
    """Turns errors into words and exit codes; `--debug` may stand anywhere."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta["debug"] = "--debug" in args
        return super().parse_args(ctx, [argument for argument in args if argument != "--debug"])

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except MaskwrightError as error:
            if ctx.meta["debug"]:
                traceback.print_exc()
            complain(str(error), stopped=error.exit_code == INTERRUPTED)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            complain("Stopped.", stopped=True)
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError as error:  # who read the output has gone, which is no fault: 'maskwright check DATA | head'
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from error


app = typer.Typer(
    cls=Commands,
    help="From a folder of images and masks to masks you can trust, on the machine you have.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("check")(check.command)
app.command("plan")(plan.command)
app.command("train")(train.command)
app.command("evaluate")(evaluate.command)
app.command("compare")(compare.command)
app.command("predict")(predict.command)
app.command("export")(export.command)
app.command("convert")(convert.command)
app.command("measure")(measure.command)
app.command("draw")(draw.command)
app.command("synth")(synth.command)
app.command("import-keras")(import_keras.command)
app.command("inspect")(inspect.command)
app.command("label")(label.command)
app.command("cost")(cost.command)
app.add_typer(assistant.app, name="assistant")
app.command("clicks")(clicks.command)
app.command("report")(report.command)
app.command("demo")(demo.command)
app.command("version")(version.command)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=version.print_and_leave)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error, behind any command.")] = False,
) -> None:
    """What holds for every command."""


def complain(message: str, *, stopped: bool = False) -> None:
    """An error, on stderr; or that the work was stopped, which is none."""
    from rich.text import Text

    label = ("", "") if stopped else ("error: ", "bold red")
    terminal.say(Text.assemble(label, message), console=terminal.ERR)


def run() -> None:
    """The entry point of the program. An error that is no `MaskwrightError` is a fault of the program, and said to be one."""
    terminal.forgive_letters()
    if "--debug" not in sys.argv:
        warnings.simplefilter("ignore")
    try:
        app(prog_name="maskwright")
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        complain(
            f"{type(error).__name__}: {error}. This is a fault of maskwright, not of your data. Run the same command with "
            "--debug and report what it prints."
        )
        sys.exit(INTERNAL)
