"""A bad network: datagrams in when they are sent, out when they arrive."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import Network

MS = 1_000_000
SENT = [20 * MS * number for number in range(500)]


def arrived(network: Network, until: int = 2**62) -> list[tuple[int, bytes]]:
    out = []
    while (datagram := network.poll(until)) is not None:
        out.append(datagram)
    return out


@pytest.mark.parametrize("profile", Network.profiles())
def test_datagrams_arrive_as_the_same_network_says_they_do(profile: str) -> None:
    network = Network(profile, seed=3)
    foretold = network.arrivals(SENT)
    for number, now in enumerate(SENT):
        network.send(now, number.to_bytes(2))
    assert [(at, int.from_bytes(it)) for at, it in arrived(network)] == foretold
    counters = network.counters()
    assert counters["sent"] + counters["duplicated"] == counters["delivered"] + counters["lost"]
    assert foretold == Network(profile, seed=3).arrivals(SENT)


def test_what_is_given_takes_the_place_of_what_the_profile_says() -> None:
    network = Network("mobile", loss=0, stalls=("regular", 3_600_000, 0), delay_ms=5, jitter=[1, 2])
    assert network.arrivals([0, 20 * MS]) == [(6 * MS, 0), (27 * MS, 1)]


def test_a_packet_lost_in_a_trace_is_lost() -> None:
    network = Network(delay_ms=0, jitter=[1, None])
    assert [number for _, number in network.arrivals(SENT[:5])] == [0, 2, 4]


@given(st.floats(0, 0.4), st.floats(2, 8))
def test_loss_in_runs_is_gilberts_and_elliotts(mean: float, run: float) -> None:
    r = 1 / run
    p = r * mean / (1 - mean)
    runs = Network(loss=(mean, run), seed=1).arrivals(SENT)
    assert runs == Network(loss=(p, r, 0, 1), seed=1).arrivals(SENT)


def test_a_network_becomes_another_and_keeps_what_is_under_way() -> None:
    network = Network(delay_ms=100, in_order=False)
    network.send(0, b"slow")
    network.change(Network(delay_ms=10, in_order=False))
    network.send(20 * MS, b"fast")
    assert network.deadline_ns == 30 * MS
    assert arrived(network) == [(30 * MS, b"fast"), (100 * MS, b"slow")]
    assert network.deadline_ns is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"profile": "dsl"}, "clean"),
        ({"loss": 1.5}, "from 0 to 1"),
        ({"loss": (0.5, 0.5)}, "at least one packet"),
        ({"skew_ppm": 20_000}, "10000 ppm"),
        ({"jitter": ("normal", 3)}, "heavy-tailed"),
        ({"jitter": [-1]}, "from 0 to 10000 ms"),
        ({"stalls": ("regular", 0, 10)}, "from 1 to"),
        ({"reordering": (2, 10)}, "from 0 to 1"),
    ],
)
def test_what_no_network_does_is_refused_and_said(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Network(**wrong)  # type: ignore[arg-type]


def test_the_page_about_networks_has_every_profile() -> None:
    page = (Path(__file__).parents[2] / "docs" / "networks.md").read_text()
    for name, about in Network.profiles().items():
        assert f"| `{name}` | {about} |\n" in page
