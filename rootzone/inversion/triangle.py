"""The texture triangle as a lattice, searched coarse to fine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Texture = tuple[int, int]  # sand and silt [%]; clay is the rest
LOAM: Texture = (40, 40)  # the middle of the USDA loam class
_HEXAGON = ((1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1))


def lattice(step_pct: int) -> list[Texture]:
    """Textures whose fractions are multiples of a step that divides 100.

    Examples
    --------
    >>> lattice(50)
    [(0, 0), (0, 50), (0, 100), (50, 0), (50, 50), (100, 0)]
    """
    return [
        (sand, silt) for sand in range(0, 101, step_pct) for silt in range(0, 101 - sand, step_pct)
    ]


def ring(centre: Texture, step_pct: int) -> list[Texture]:
    """Textures inside the triangle one or two steps from a centre, the centre left out."""
    near = {(step_pct * a, step_pct * b) for a, b in _HEXAGON}
    far = {(a + c, b + d) for a, b in near for c, d in near}
    moves = sorted((near | far) - {(0, 0)})
    found = [(centre[0] + a, centre[1] + b) for a, b in moves]
    return [(sand, silt) for sand, silt in found if min(sand, silt, 100 - sand - silt) >= 0]


@dataclass(frozen=True)
class SearchPlan:
    """How the triangle is searched.

    Parameters
    ----------
    first_step_pct : int
        Step of the lattice that is tried whole [%]; it divides 100.
    finer_steps_pct : tuple of int
        Steps of the rings around the best [%], falling.
    kept : int
        How many of the best on the first lattice get a ring of their own.
    """

    first_step_pct: int = 10
    finer_steps_pct: tuple[int, ...] = (5, 2, 1)
    kept: int = 3


@dataclass
class Search:
    """What was tried and what it cost, lower is better.

    Parameters
    ----------
    cost : dict
        Cost of each texture tried; infinite where it could not be run.
    """

    cost: dict[Texture, float] = field(default_factory=dict)

    @property
    def best(self) -> Texture:
        """The cheapest texture; of equally cheap ones the first in order."""
        return min(self.cost, key=lambda texture: (self.cost[texture], texture))

    def ranked(self) -> list[Texture]:
        """All textures tried, the cheapest first."""
        return sorted(self.cost, key=lambda texture: (self.cost[texture], texture))


def search_triangle(
    cost_of: Callable[[list[Texture]], list[float]],
    plan: SearchPlan = SearchPlan(),
    start: Iterable[Texture] = (),
) -> Search:
    """Search the triangle, each stage as one batch.

    Parameters
    ----------
    cost_of : callable
        From textures to their costs, in order.
    plan : SearchPlan
        Steps.
    start : iterable of Texture
        Textures tried beside the first lattice.

    Returns
    -------
    Search
        Every texture tried, with its cost; the same for the same ``cost_of``, whatever the
        threads behind it.
    """
    search = Search()
    _try(search, cost_of, [*lattice(plan.first_step_pct), *start])
    centres = search.ranked()[: plan.kept]
    for step in plan.finer_steps_pct:
        _try(search, cost_of, [near for centre in centres for near in ring(centre, step)])
        centres = [search.best]
    return search


def _try(
    search: Search, cost_of: Callable[[list[Texture]], list[float]], textures: list[Texture]
) -> None:
    new = [texture for texture in dict.fromkeys(textures) if texture not in search.cost]
    search.cost.update(zip(new, cost_of(new), strict=True))
