"""Who or what serves each need of a visit: for all starts at once as bits, and for one start by name. Pure.

One resource serves one need at a time. Equipment fixed in a room comes only with that room, and a visit uses the
fixed equipment of one room at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from scheduling import timeline
from scheduling.availability.plan import Need


@dataclass(frozen=True, slots=True)
class _Demand:
    """So many of what these masks offer: resource → bits of the starts at which it could serve the need."""

    need: Need
    quantity: int
    able: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Feasible:
    """Starts at which every need can be met. Not `exact`: a superset, to be confirmed start by start."""

    starts: int
    exact: bool


def feasible(
    needs: Sequence[Need], fixed_in: Mapping[int, int], able: Callable[[Need, int], int], full: int
) -> Feasible:
    """The starts at which resources for all needs exist; `able(need, resource)` are those one resource could serve."""
    starts, exact = 0, True
    for given, demands in _by_host(needs, fixed_in, able, full):
        met = given
        for group in _groups(demands):
            if not met:
                break
            mask, group_exact = _meet(group, full)
            met &= mask
            exact = exact and group_exact
        starts |= met
    return Feasible(starts, exact)


def _by_host(
    needs: Sequence[Need], fixed_in: Mapping[int, int], able: Callable[[Need, int], int], full: int
) -> Iterator[tuple[int, list[_Demand]]]:
    """Every way to settle whose fixed equipment is used: nobody's, or that of a room taken for one of the needs."""
    yield full, [_demand(need, need.quantity, fixed_in, None, able) for need in needs]
    for host in sorted(set(fixed_in.values())):
        for place in needs:
            if host in place.candidates:
                demands = []
                for need in needs:
                    wanted = need.quantity - (need is place)
                    demand = _demand(need, wanted, fixed_in, host, able)
                    if need.meets(place):
                        demand = _Demand(need, wanted, {r: mask for r, mask in demand.able.items() if r != host})
                    demands.append(demand)
                yield able(place, host), demands


def _demand(
    need: Need, quantity: int, fixed_in: Mapping[int, int], host: int | None, able: Callable[[Need, int], int]
) -> _Demand:
    usable = (each for each in need.candidates if fixed_in.get(each) in (None, host))
    return _Demand(need, quantity, {each: mask for each in usable if (mask := able(need, each))})


def _groups(demands: list[_Demand]) -> list[list[_Demand]]:
    """Demands that compete, directly or through others, for the same resources at the same minutes."""
    groups: list[list[_Demand]] = []
    for demand in demands:
        joined = [group for group in groups if any(_compete(demand, other) for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([demand, *(other for group in joined for other in group)])
    return groups


def _compete(one: _Demand, other: _Demand) -> bool:
    return one.need.meets(other.need) and not one.able.keys().isdisjoint(other.able)


def _meet(group: list[_Demand], full: int) -> tuple[int, bool]:
    """Hall's condition: any set of needs must together find as many resources as they ask for.

    That is enough when all of the group's windows overlap. Where some don't, one resource may serve two of them in
    turn; then the condition holds for the overlapping ones only, and single starts must be tried.
    """
    met, exact = full, True
    for size in range(1, len(group) + 1):
        for together in combinations(group, size):
            if all(one.need.meets(other.need) for one, other in combinations(together, 2)):
                met &= _enough(together, full)
            else:
                exact = False
    return met, exact


def _enough(together: tuple[_Demand, ...], full: int) -> int:
    wanted = sum(demand.quantity for demand in together)
    masks: dict[int, int] = {}
    for demand in together:
        for resource, mask in demand.able.items():
            masks[resource] = masks.get(resource, 0) | mask
    return timeline.at_least(masks.values(), wanted, full) if len(masks) >= wanted else 0


def assign(
    needs: Sequence[Need], fixed_in: Mapping[int, int], able: Sequence[Sequence[int]], preferred: int | None = None
) -> tuple[tuple[int, ...], ...] | None:
    """Resources for each need at one start, or None; `able[i]` are the candidates that could serve the i-th need.

    Prefers the usual room, then the order of the candidates. Mostly the first ones that are able will do; only
    where that fails, or equipment is fixed in rooms, are all ways tried.
    """
    able = [(preferred, *each) if preferred is not None and preferred in each else each for each in able]
    return _first_able(needs, fixed_in, able) or _any_way(needs, fixed_in, able)


def _first_able(
    needs: Sequence[Need], fixed_in: Mapping[int, int], able: Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], ...] | None:
    chosen: list[tuple[int, ...]] = []
    for need, candidates in zip(needs, able, strict=True):
        elsewhere = {r for other, taken in zip(needs, chosen, strict=False) if other.meets(need) for r in taken}
        picked: tuple[int, ...] = ()
        for each in candidates:
            if each not in elsewhere and each not in picked and each not in fixed_in:
                picked += (each,)
                if len(picked) == need.quantity:
                    break
        else:
            return None
        chosen.append(picked)
    return tuple(chosen)


def _any_way(
    needs: Sequence[Need], fixed_in: Mapping[int, int], able: Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], ...] | None:
    options = [list(dict.fromkeys(each)) for each in able]
    if any(len(found) < need.quantity for need, found in zip(needs, options, strict=True)):
        return None
    scarcest_first = sorted(range(len(needs)), key=lambda i: len(options[i]) - needs[i].quantity)
    chosen: dict[int, tuple[int, ...]] = {}
    if not _choose(scarcest_first, needs, options, fixed_in, chosen):
        return None
    return tuple(chosen[i] for i in range(len(needs)))


def _choose(
    left: list[int],
    needs: Sequence[Need],
    options: list[list[int]],
    fixed_in: Mapping[int, int],
    chosen: dict[int, tuple[int, ...]],
) -> bool:
    if not left:
        return _hosts_present(chosen, fixed_in)
    index, *rest = left
    need = needs[index]
    elsewhere = {r for other, taken in chosen.items() if needs[other].meets(need) for r in taken}
    free = [each for each in options[index] if each not in elsewhere]
    for picked in combinations(free, need.quantity):
        chosen[index] = picked
        if _one_host(chosen, fixed_in) and _choose(rest, needs, options, fixed_in, chosen):
            return True
    chosen.pop(index, None)
    return False


def _hosts(chosen: Mapping[int, tuple[int, ...]], fixed_in: Mapping[int, int]) -> set[int]:
    return {fixed_in[each] for picked in chosen.values() for each in picked if each in fixed_in}


def _one_host(chosen: Mapping[int, tuple[int, ...]], fixed_in: Mapping[int, int]) -> bool:
    return len(_hosts(chosen, fixed_in)) <= 1


def _hosts_present(chosen: Mapping[int, tuple[int, ...]], fixed_in: Mapping[int, int]) -> bool:
    return all(any(host in picked for picked in chosen.values()) for host in _hosts(chosen, fixed_in))
