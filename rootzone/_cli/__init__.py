"""The command line: one module per verb, imported only when its verb is used or listed."""

from __future__ import annotations

import importlib
import logging
import signal
import sys

import click

from rootzone import __version__
from rootzone._cli._old_forms import new_form
from rootzone._shared.errors import RootzoneError, StoppedEarly
from rootzone._shared.names import did_you_mean

# Verbs in the order of the pipeline; each is a module of this package with a ``command``.
VERBS = (
    "demo",
    "init",
    "check",
    "catalog",
    "fetch",
    "forcing",
    "sites",
    "soils",
    "validate_soils",
    "plan",
    "simulate",
    "simulate_tables",
    "submit",
    "status",
    "quarantine",
    "why",
    "labels",
    "label_tables",
    "distribution",
    "stations",
    "invert",
    "split",
    "train",
    "evaluate",
    "point_skill",
    "map",
    "surface",
    "report",
    "provenance",
)


# Verbs that change nothing on disk.
_READING = frozenset({"check", "catalog", "status", "why", "provenance", "report", "submit"})


def _sweep_beside(words: list[str]) -> None:
    from pathlib import Path

    from rootzone._shared.sweep import sweep

    for word in words:
        if word.endswith((".yaml", ".yml")) and Path(word).is_file():
            sweep(Path(word).parent)
            return


class _Verbs(click.Group):
    """A group that imports a verb's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Verbs in pipeline order."""
        del ctx
        return [verb.replace("_", "-") for verb in VERBS]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that is meant, also where it is given in a form it had before."""
        return super().resolve_command(ctx, new_form(args))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, or None for a verb that is not ours."""
        del ctx
        module = cmd_name.replace("-", "_")
        if module not in VERBS:
            hint = did_you_mean(module, VERBS).replace("_", "-")
            raise click.UsageError(
                f"No such verb {cmd_name!r}{hint or '.'} `rootzone --help` lists them."
            )
        command: click.Command = importlib.import_module(f"rootzone._cli.{module}").command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a verb; one that writes first takes away what killed runs left half-written."""
        # Click keeps what is left to parse; its first word that is a file is the campaign.
        words = [*getattr(ctx, "_protected_args", []), *ctx.args]
        if words and words[0] not in _READING and "--help" not in words:
            _sweep_beside(words[1:])
        return super().invoke(ctx)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rootzone")
@click.option("-v", "--verbose", count=True, help="More log lines on stderr; twice for every site.")
def cli(verbose: int) -> None:
    """Root-zone soil-moisture labels by soil physics, and 30 m maps made from them.

    Results go to stdout, progress and logs to stderr. Exit status: 0 all well, 1 unexpected,
    2 the request or a file is wrong, 3 finished but too many sites failed, 4 stopped early (the
    same command resumes).
    """
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )


def _stop(number: int, frame: object) -> None:
    """End at SIGTERM as any other error does: what is half-written goes, workers end."""
    del frame
    raise StoppedEarly(f"stopped by {signal.Signals(number).name}; the same command goes on")


def main() -> None:
    """Run the command line and end the process with its status."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        _run()
    finally:
        # What happened is decided and written. Python puts its own handlers back on its way out,
        # where a signal would give another status, or a trace.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _run() -> None:
    """Run a verb, turning errors that are no fault of ours into one message each."""
    try:
        status = cli.main(standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except RootzoneError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("stopped by the user", err=True)
        sys.exit(4)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        from rootzone._cli._failures import in_one_sentence

        told = in_one_sentence(error)
        if told is None:
            if logging.getLogger().isEnabledFor(logging.INFO):
                raise  # -v asks for the trace
            click.echo(_unexpected(error), err=True)
            sys.exit(1)
        logging.getLogger(__name__).debug("where it happened", exc_info=error)
        click.echo(str(told), err=True)
        sys.exit(told.exit_code)


def _unexpected(error: Exception) -> str:
    """One sentence for what no stage foresaw: a fault of ours, not of the request."""
    said = str(error).strip().partition("\n")[0]
    what = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return (
        f"Unexpected {what}. This is a fault of rootzone {__version__}: the same command with "
        "`rootzone -v` shows where it happened; please report that."
    )
