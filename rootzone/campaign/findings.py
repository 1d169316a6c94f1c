"""What is wrong with a file, with its place, the value seen and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rootzone._shared.errors import RequestError


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake in a file.

    Parameters
    ----------
    file : str
        File as the user named it.
    line, column : int
        Place of the key, counted from 1.
    key : str
        Key with its sections, such as ``soil.dul_suction_cm``.
    seen : str
        Value as written.
    problem : str
        What is wrong with it.
    mend : str
        How to mend it.
    """

    file: str
    line: int
    column: int
    key: str
    seen: str
    problem: str
    mend: str

    def __str__(self) -> str:
        """One mistake as two lines, the first with a place that editors can jump to."""
        seen = f" = {self.seen}" if self.seen else ""
        problem, mend = (t if t.endswith("?") else f"{t}." for t in (self.problem, self.mend))
        return (
            f"{self.file}:{self.line}:{self.column}: {self.key}{seen}: {problem}\n"
            f"    To mend it: {mend}"
        )

    def as_dict(self) -> dict[str, Any]:
        """The same facts for JSON."""
        return asdict(self)


class CampaignMistakes(RequestError):  # noqa: N818 - it holds mistakes, not one error
    """All mistakes of a campaign file, collected and sorted by their place."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = sorted(findings)
        count = len(self.findings)
        noun = "mistake" if count == 1 else "mistakes"
        text = "\n".join(str(finding) for finding in self.findings)
        super().__init__(f"{text}\n{count} {noun}; nothing was run.")
