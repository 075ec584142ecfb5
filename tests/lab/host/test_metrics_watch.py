import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pushlab.lab.host.metrics_watch import MetricsWatch, read_metrics

TOLD = """\
# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.5
process_resident_memory_bytes 4.2e+07
process_open_fds 17
process_cpu_seconds_total_of_another 99
"""
WORKERS = """\
process_cpu_seconds_total{worker="{1}",at="a b"} 1.5 1700000000000
process_cpu_seconds_total{worker="2"} 2.5
process_resident_memory_bytes{worker="1"} 1000
"""


@pytest.mark.parametrize(
    ("text", "found"), [(TOLD, (12.5, 42_000_000, 17)), (WORKERS, (4.0, 1000, 0))]
)
def test_what_a_client_library_tells_is_read(text: str, found: tuple[float, int, int]) -> None:
    assert read_metrics(text) == found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "tells no process_cpu_seconds_total"),
        ("process_cpu_seconds_total 1\n", "tells no process_resident_memory_bytes"),
        ("process_cpu_seconds_total x\n", "tells process_cpu_seconds_total as no number: x"),
        ("process_cpu_seconds_total NaN\n", "as no number: NaN"),
        ("process_cpu_seconds_total -1\n", "as no number: -1"),
    ],
)
def test_what_is_not_told_is_said(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_metrics(text)


@asynccontextmanager
async def telling(*answers: str) -> AsyncIterator[str]:
    """A server of metrics, which gives one answer after another, and the last again and again."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"GET /metrics HTTP/1.1\r\n")
        body = left.pop(0) if len(left) > 1 else left[0]
        status = "200 OK" if body else "404 No"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/metrics"


def cpu(seconds: float) -> str:
    return f"process_cpu_seconds_total {seconds}\nprocess_resident_memory_bytes 1000\n"


async def test_what_was_used_within_a_window_is_read_between_the_answers() -> None:
    async with telling(cpu(1.0), cpu(3.0)) as url:
        watch = MetricsWatch(url, "hub")
        assert watch.used_cpu_s() is None
        await watch.look("window")
        await watch.look("window")
    first, last = (row[2] for row in watch.samples)
    assert watch.used_cpu_s() == 3.0
    assert watch.held["rss_bytes"] == 1000
    assert watch.used_between(first, last) == pytest.approx(2.0)
    assert watch.used_between(first, (first + last) // 2) == pytest.approx(1.0, rel=1e-3)
    assert watch.used_between(first - 1, last) is None
    assert watch.used_between(first, last + 1) is None
    assert "it was not answered before and behind the window" in watch.why_not()


async def test_a_server_that_began_anew_meanwhile_tells_nothing() -> None:
    async with telling(cpu(3.0), cpu(1.0)) as url:
        watch = MetricsWatch(url)
        await watch.look()
        await watch.look()
    assert watch.used_between(watch.samples[0][2], watch.samples[1][2]) is None


async def test_a_sample_is_asked_for_and_comes_by_itself() -> None:
    async with telling(cpu(1.0)) as url:
        watch = MetricsWatch(url)
        watch.sample("window")
        watch.sample("window")  # a moment later there is nothing new to know
        assert watch._asking is not None
        await watch._asking
    assert len(watch.samples) == 1


async def test_what_goes_wrong_is_told() -> None:
    async with telling("") as url:
        watch = MetricsWatch(url)
        await watch.look()
    assert watch.why_not() == f"metrics: {url}: answers 404"
    await watch.look()
    assert "refused" in watch.why_not().lower() or "connect" in watch.why_not().lower()
    assert not watch.samples
