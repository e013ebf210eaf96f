"""What a soak has shown: a table, and what in it is not as it must be."""

from collections.abc import Iterator

from benches.soak.loads import Soaked

MOST_GROWTH_KB = 2048
"""How much more memory there may be after the last load than after the one before it: what a heap
wanders by. A kilobyte lost a call shows well above it in some thousand calls."""

COLUMNS = ("start", "load 1", "load 2", "load 3")


def complaints(soaked: Soaked) -> Iterator[str]:
    """What is not as it must be."""
    start, *_, second, last = soaked.footprints
    for number, footprint in enumerate(soaked.footprints[1:], 1):
        for name, (then, now) in sorted(footprint.differs_from(start).items()):
            yield f"after load {number}: {name}: {then} at the start, {now} now"
    growth = last.private_kb - second.private_kb
    if growth > MOST_GROWTH_KB:
        calls = soaked.loads[-1].calls
        yield f"memory grew by {growth} kB in {calls} calls, {growth / calls:.2f} kB a call"
    for number, load in enumerate(soaked.loads, 1):
        for complaint in load.complaints:
            yield f"load {number}: {complaint}"
        if load.failed > len(load.complaints):
            yield f"load {number}: {load.failed - len(load.complaints)} more"
    if soaked.offered != sum(soaked.ended.values()):
        yield f"{soaked.offered} calls came in, {sum(soaked.ended.values())} ended"
    yield from soaked.faults


def table(soaked: Soaked) -> Iterator[str]:
    """Lines to read."""
    shown = soaked.footprints
    yield f"{'':18}" + "".join(f"{name:>10}" for name in COLUMNS[: len(shown)])
    for name in shown[0].held:
        yield f"{name:18}" + "".join(f"{each.held.get(name, 0):10}" for each in shown)
    for name in ("rss_kb", "pss_kb", "private_kb"):
        yield f"{name[:-3] + ' [kB]':18}" + "".join(f"{getattr(each, name):10}" for each in shown)
    yield ""
    for name in sorted(soaked.loads[0].kinds):
        yield f"{name:24}" + "".join(f"{each.kinds.get(name, 0):8}" for each in soaked.loads)
    yield f"{'calls':24}" + "".join(f"{each.calls:8}" for each in soaked.loads)
    yield f"{'seconds':24}" + "".join(f"{each.seconds:8.0f}" for each in soaked.loads)
    yield ""
    for cause, count in sorted(soaked.ended.items(), key=lambda each: -each[1]):
        yield f"{count:8} ended by: {cause}"
