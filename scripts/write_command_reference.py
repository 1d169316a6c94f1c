"""Write docs/commands.md from the commands themselves, so that the page cannot fall behind."""

from __future__ import annotations

from pathlib import Path

import click

from rootzone._cli import cli

OUT = Path(__file__).resolve().parents[1] / "docs" / "commands.md"


def reference() -> str:
    """The page: what every verb does and takes, in pipeline order."""
    parent = click.Context(cli, info_name="rootzone")
    parts = [
        "# Commands",
        "",
        "Written by `python scripts/write_command_reference.py` from the commands' own help.",
    ]
    for name in cli.list_commands(parent):
        command = cli.get_command(parent, name)
        if command is not None:
            parts += _section(command, click.Context(command, info_name=name, parent=parent))
    return "\n".join(parts) + "\n"


def _section(command: click.Command, context: click.Context) -> list[str]:
    lines = ["", f"## `{context.command_path}`", "", "```text", _help(command, context), "```"]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                lines += _section(inner, click.Context(inner, info_name=name, parent=context))
    return lines


def _help(command: click.Command, context: click.Context) -> str:
    context.max_content_width = 88
    context.terminal_width = 88
    text = command.get_help(context)
    return "\n".join(line.rstrip() for line in text.splitlines())


if __name__ == "__main__":
    OUT.write_text(reference(), encoding="utf-8")
    print(OUT)
