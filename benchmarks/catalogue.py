"""Every benchmark, in the order of the report."""

from benchmarks.generator.fanout import MqttFanOut, SseFanOut, WebSocketFanOut
from benchmarks.generator.polls import Polls
from benchmarks.harness.model import Benchmark

__all__ = ["BENCHMARKS"]

BENCHMARKS: tuple[type[Benchmark], ...] = (Polls, SseFanOut, WebSocketFanOut, MqttFanOut)
