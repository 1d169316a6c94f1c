"""What APSIM's own words mean: its error text to a failure class, the words kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rootzone.engines.failures import FailureClass

# The first pattern that fits counts. The texts are those that real APSIM left for planted faults.
_MEANINGS: tuple[tuple[str, FailureClass], ...] = (
    (r"Swim failed to find solution", FailureClass.NO_CONVERGENCE),
    (r"SWIM failed to find a solution", FailureClass.ZERO_TIME_STEP),
    (r"bad space weighting factor", FailureClass.NO_CONVERGENCE),
    (r"-ve value for solute concentration", FailureClass.BAD_STATE),
    (r"Non consecutive dates found", FailureClass.FORCING_GAP),
    (r"Date .* doesn't exist in file", FailureClass.FORCING_MISSING),
    (r"End of file reached while reading", FailureClass.FORCING_MISSING),
    (r"Cannot find weather file", FailureClass.FORCING_MISSING),
    (r"Cannot find \w+ in weather file", FailureClass.FORCING_MISSING),
    (r"Cannot find the expected header in weather file", FailureClass.FORCING_VALUE),
    (r"Invalid number of values on line", FailureClass.FORCING_VALUE),
    (r"cannot be cast from DBNull", FailureClass.FORCING_VALUE),
    (r"dlt_temp is out of range", FailureClass.FORCING_VALUE),
    (r"[Ff]ile version is greater than the latest", FailureClass.ENGINE_VERSION),
    (r"Cannot find a match for link", FailureClass.SETUP_ERROR),
    (r"No datastore is available", FailureClass.SETUP_ERROR),
    (r"Newtonsoft\.Json|Could not find type|Unterminated string", FailureClass.SETUP_ERROR),
    (r"Could not find parameters for solute", FailureClass.SETUP_ERROR),
    (r"Could not find residue type", FailureClass.SETUP_ERROR),
    (r"Cannot find event", FailureClass.SETUP_ERROR),
    (r"Insufficient mineral N for immobilisation", FailureClass.SETUP_ERROR),
    (r"does not have FIP values", FailureClass.SETUP_ERROR),
    (r"KS not provided", FailureClass.SOIL_VALUE),
    (r"at or below (drained upper|lower) limit", FailureClass.SOIL_ORDER),
    (r"is below air dry value", FailureClass.SOIL_ORDER),
    (r"above acceptable value", FailureClass.SOIL_VALUE),
    (r"Error in file: ?\S+ *$", FailureClass.SETUP_ERROR),
    (r"Error in file: ?\S+ Simulation", FailureClass.SETUP_ERROR),
)

_STACK_LINE = re.compile(r"\n\s+at .*", flags=re.S)
_EXCEPTION = re.compile(r"\s*(?:---> )?((?:\w+\.)+\w*Exception: .*)")
_ERROR_FORM = re.compile(r"ERROR in file|^\s*(?:\w+\.)+\w*Exception: ", flags=re.M)
_PLACE = re.compile(r"(?:ERROR in file: \S+\s+)?(?:Simulation name: \S+\s+)?")
_OWN_PATH = re.compile(
    r"[^\s'\"]*rootzone-[^\s'\"/\\]*[/\\]"
)  # our scratch folder, random each time
# _Messages.MessageType of an error and of a warning: until about 2021 information 0, warning 1,
# error 2; since then error 0, warning 1, information 2, diagnostic 3.
_OLD_KINDS, _NEW_KINDS = (2, 1), (0, 1)


def message_kinds(messages: Sequence[tuple[int, str]]) -> tuple[int, int]:
    """Which numbers mean error and warning in one database, told by what its messages say.

    The old kind 0 is information: the summary every simulation writes. The new one is an error,
    which names its file or an exception; and only the new numbering has a kind 3.

    Parameters
    ----------
    messages : sequence of (int, str)
        Kind and text of every message.

    Examples
    --------
    >>> message_kinds([(0, "ERROR in file: x.apsimx"), (2, "Simulation terminated normally")])
    (0, 1)
    >>> message_kinds([(0, "Clock: ..."), (2, "ERROR in file: x.apsimx")])
    (2, 1)
    """
    texts: dict[int, list[str]] = {}
    for kind, text in messages:
        texts.setdefault(kind, []).append(text)
    if 3 in texts:
        return _NEW_KINDS
    if 0 in texts:
        return _NEW_KINDS if all(map(_ERROR_FORM.search, texts[0])) else _OLD_KINDS
    as_errors = any(map(_ERROR_FORM.search, texts.get(2, [])))
    return _OLD_KINDS if as_errors else _NEW_KINDS


def failure_class_of(text: str) -> FailureClass:
    """Failure class of an error text of APSIM; ``ENGINE_ERROR`` for words we do not know."""
    for pattern, failure_class in _MEANINGS:
        if re.search(pattern, text, flags=re.M):
            return failure_class
    return FailureClass.ENGINE_ERROR


def own_words(text: str) -> str:
    """APSIM's message without file paths and stack lines, so that it reads the same anywhere."""
    short = _STACK_LINE.sub("", text.strip())
    return _OWN_PATH.sub("", _PLACE.sub("", short, count=1)).strip()


def errors_on_console(text: str) -> list[str]:
    """Error messages among what ``Models`` printed, its dashed lines and stack traces left out."""
    return [match[1] for line in text.splitlines() if (match := _EXCEPTION.match(line))]
