"""Every benchmark, in the order of the report."""

from benchmarks.generator.fanout import MqttFanOut, SseFanOut, WebSocketFanOut
from benchmarks.generator.idle import CONNECTS, MEMORIES, MOST
from benchmarks.generator.polls import Polls
from benchmarks.harness.model import Benchmark
from benchmarks.hub.mqtt import MqttFanOut as HubMqttFanOut
from benchmarks.hub.polls import POLLS
from benchmarks.hub.push import FAN_OUTS, IDLES

__all__ = ["BENCHMARKS"]

BENCHMARKS: tuple[type[Benchmark], ...] = (
    Polls,
    SseFanOut,
    WebSocketFanOut,
    MqttFanOut,
    *MEMORIES,
    *CONNECTS,
    *MOST,
    *POLLS,
    *FAN_OUTS,
    HubMqttFanOut,
    *IDLES,
)
