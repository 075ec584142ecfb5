"""MQTT fan-out: the hub, its bridge and Mosquitto together, beside Mosquitto alone.

Both contenders are the same processes with the same subscribers, log-ins and rules. Only the
publisher differs: it posts to the hub, or publishes the same frame straight to the broker.
"""

from dataclasses import replace

from benchmarks.harness.model import OWN, Benchmark, Contender, NotRun, Sample
from benchmarks.harness.processes import pin
from benchmarks.hub.servers import CHANNEL
from benchmarks.hub.work import MESSAGE, SERVER_CORE, Work, run_crowd
from pushlab.brokers.mosquitto import find_mosquitto
from pushlab.brokers.start import Broker, start_broker
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import BrokerUnavailable
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.systems.hub_api import HubApi
from pushlab.systems.system import Admission
from pushlab.wire import mqtt311

__all__ = ["MqttFanOut"]

_SUBSCRIBERS = 200
_QOS = 1
_KEEP_ALIVE_S = 600


def _missing() -> str | None:
    try:
        find_mosquitto()
    except BrokerUnavailable as error:
        return str(error)
    return None


class MqttFanOut(Benchmark):
    """One topic, many subscribers, one message after another."""

    name = "hub-mqtt"
    title = "Hub: MQTT deliveries per server CPU-second"
    unit = "deliveries/CPU-s"
    setting = (
        f"{_SUBSCRIBERS} subscribers of one topic with QoS {_QOS}, messages of 100 bytes, four"
        " under way at any time. pushlab: published to the hub, which forwards to Mosquitto; the"
        " CPU seconds are those of both. Mosquitto: published to the same broker by QoS 1; the CPU"
        " seconds are the broker's."
    )
    contenders = (
        Contender(
            name=OWN,
            title="pushlab's hub and Mosquitto",
            packages=("pushlab", "aiomqtt", "mosquitto"),
            missing=_missing,
        ),
        Contender(name="mosquitto", title="Mosquitto alone", missing=_missing),
    )

    async def measure(self, contender: Contender, *, seconds: float) -> Sample:
        """One sample with a fresh hub and broker."""
        keys = TokenKeys.fresh()
        try:
            broker = await start_broker("mosquitto")
        except BrokerUnavailable as error:
            raise NotRun(str(error)) from error
        async with broker:
            config = HubConfig(
                keys=keys.export(), transports={"mqtt": {"qos": _QOS}}, broker=broker.access
            )
            async with await start_hub(config) as hub:
                work = await _work(contender, hub, broker, seconds)
                return Sample.rate(**await run_crowd(work))


async def _work(contender: Contender, hub: HubProcess, broker: Broker, seconds: float) -> Work:
    assert broker.pid is not None
    for pid in (hub.pid, broker.pid):
        pin(pid, SERVER_CORE)
    api = HubApi(hub.url, hub.api_key)
    try:
        wanted = [(f"client-{i}", 0, CHANNEL) for i in range(_SUBSCRIBERS)]
        admissions = await api.admit("mqtt", wanted)
    finally:
        api.close()
    common = Work(
        port=broker.access.port,
        pids=[broker.pid],
        requests=[_arrival(i, admission) for i, admission in enumerate(admissions)],
        welcome=b"\x90\x03",  # SUBACK, behind a CONNACK
        acknowledge=True,
        seconds=seconds,
    )
    if contender.name == OWN:
        return replace(
            common,
            pids=[hub.pid, broker.pid],
            publish_port=int(hub.url.rpartition(":")[2]),
            publish_request=api.publishing.request(CHANNEL, len(MESSAGE))[0] + MESSAGE,
        )
    frame = b"4f1c9a02-100 " + MESSAGE  # as the bridge would forward it
    topic = admissions[0].endpoint["topic"]
    return replace(
        common,
        publish_port=broker.access.port,
        publish_hellos=[_log_in(number, broker.access) for number in range(4)],
        publish_request=mqtt311.publish(topic, frame, qos=_QOS, packet_id=1),
        published=b"\x40\x02",  # PUBACK
    )


def _arrival(number: int, admission: Admission) -> bytes:
    """CONNECT and SUBSCRIBE of one subscriber."""
    endpoint = admission.endpoint
    return mqtt311.connect(
        f"bench-{number}",
        keep_alive_s=_KEEP_ALIVE_S,
        username=endpoint["username"],
        password=admission.token,
    ) + mqtt311.subscribe(1, [(endpoint["topic"], _QOS)])


def _log_in(number: int, access: BrokerAccess) -> bytes:
    return mqtt311.connect(
        f"bench-publisher-{number}",
        keep_alive_s=_KEEP_ALIVE_S,
        username=access.username,
        password=access.password,
    )
