"""Whether two runs did the same work on the same machine with the same software, line by line."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from pushlab.runs import Run, TrialRecord

__all__ = ["differences_of_setting", "differences_of_work", "not_comparable", "other_machine"]

#: Words about a scenario, and what the cells say themselves.
_NOT_WORK = frozenset({"name", "title", "description", "transports", "trials"})
#: A load average above this share of the cores, before a run begins, is other people's work.
_BUSY = 0.5
#: Told by `_loads` where it matters, or not at all.
_PASSING = ("load", "memory_available_bytes")


def differences_of_work(a: Run, b: Run) -> list[str]:
    """How scenarios, and settings of common cells, differ, such as ``clients: 400 vs 200``."""
    return [*_differences(a.scenario, b.scenario, _NOT_WORK), *_of_cells(a, b, a.cells)]


def not_comparable(a: Run, b: Run, cells: Collection[str]) -> list[str]:
    """What of the work differs, so that some cells' figures must not be compared.

    Another seed is another draw of the same work, and a key that one run alone has is one that
    another version of pushlab knows.
    """
    both = {key for key in a.scenario if key in b.scenario} - _NOT_WORK - {"seed"}
    ours, theirs = ({key: run.scenario[key] for key in both} for run in (a, b))
    return [*_differences(ours, theirs), *_of_cells(a, b, cells)]


def other_machine(a: Run, b: Run) -> list[str]:
    """How the machines themselves differ, whatever runs on them."""
    return [
        f"{key}: {_short(a.environment.get(key))} vs {_short(b.environment.get(key))}"
        for key in ("processor", "cores")
        if a.environment.get(key) != b.environment.get(key)
    ]


def _of_cells(a: Run, b: Run, cells: Iterable[str]) -> list[str]:
    found = []
    for cell in cells:
        ours, theirs = a.trials_of(cell), b.trials_of(cell)
        if ours and theirs:
            one, other = ours[0], theirs[0]
            for key in ("transport", "system"):
                mine, its = getattr(one, key), getattr(other, key)
                if mine != its:
                    found.append(f"{cell}: {key}: {mine} vs {its}")
            found += [f"{cell}: {line}" for line in _differences(one.options, other.options)]
    return found


def differences_of_setting(a: Run, b: Run) -> list[str]:
    """How machine, software and brokers differ."""
    found = []
    if a.pushlab_version != b.pushlab_version:
        found.append(f"pushlab: {a.pushlab_version} vs {b.pushlab_version}")
    found += _differences(a.environment, b.environment, frozenset(_PASSING))
    found += [f"load: {told}" for told in _loads(a, b)]
    for cell in a.cells:
        brokers = [
            {f"{t.broker.kind} {t.broker.version}".strip() for t in run.trials_of(cell) if t.broker}
            for run in (a, b)
        ]
        if all(brokers) and brokers[0] != brokers[1]:
            told = " vs ".join(", ".join(sorted(names)) for names in brokers)
            found.append(f"{cell}: broker: {told}")
        hubs = [{_hubs(t) for t in run.trials_of(cell) if t.server} for run in (a, b)]
        if all(hubs) and hubs[0] != hubs[1]:
            told = " vs ".join(", ".join(sorted(names)) for names in hubs)
            found.append(f"{cell}: hub: {told}")
    return found


def _hubs(trial: TrialRecord) -> str:
    """Of how many processes the server was, and what they shared."""
    beside, count = trial.backplane, len(trial.server.workers) if trial.server else 0
    shared = f"{beside.kind} {beside.version}".strip() if beside else "no backplane"
    return f"{max(1, count)} x, {shared}"


def _loads(a: Run, b: Run) -> list[str]:
    """The load averages, if the machine was busy with other work when either run began."""
    loads = []
    for run in (a, b):
        found, cores = run.environment.get("load"), run.environment.get("cores")
        if not isinstance(found, list) or not found or not isinstance(cores, int):
            return []
        loads.append((float(found[0]), cores))
    if a.id == b.id or all(load <= _BUSY * cores for load, cores in loads):
        return []
    told = " vs ".join(f"{load:.1f} on {cores} cores" for load, cores in loads)
    return [f"{told}; a busy machine differs from hour to hour by more than trials show"]


def _differences(
    a: Mapping[str, object],
    b: Mapping[str, object],
    ignored: frozenset[str] = frozenset(),
    above: str = "",
) -> Iterator[str]:
    """One line for each leaf that differs; a key that is on one side only is ``none`` there."""
    for key in [*a, *(key for key in b if key not in a)]:
        if key in ignored or a.get(key) == b.get(key):
            continue
        ours, theirs = a.get(key), b.get(key)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            yield from _differences(ours, theirs, above=f"{above}{key}.")
        else:
            yield f"{above}{key}: {_short(ours)} vs {_short(theirs)}"


def _short(value: object) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
