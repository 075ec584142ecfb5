"""Offers: whole metering models of public clouds, and which transports each can carry.

An offer turns a month of `Traffic` into the units that its vendor meters; prices, steps and tiers
come from the book. It says what it takes for granted and what it leaves out. A million clients
that poll are cheap or dear by the metering alone, so the models matter more than the cents.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pushlab.analysis.cost import offers_aws as aws
from pushlab.analysis.cost.book import PriceBook
from pushlab.analysis.cost.meter import Bill, Item, Meter
from pushlab.analysis.cost.traffic import Traffic
from pushlab.contract.profile import Profile
from pushlab.errors import UsageError

__all__ = ["OFFERS", "Offer", "bill", "find_offers", "first_choice"]

#: Kinds of transport; see `Profile.kind`.
_CLOCKED = frozenset({"http interval-poll"})
_POLLING = _CLOCKED | {"http held-poll"}
_WEBSOCKET = frozenset({"websocket stream"})
_MQTT = frozenset({"mqtt stream"})
_HTTP = _POLLING | _WEBSOCKET | {"http stream"}
_LEAVING = "data leaving the cloud"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One way to buy a month.

    Attributes:
        key: for the command line; `title` for people, `short` for a chart's row.
        carries: the kinds of transport that it can carry.
        meters: traffic to lines, one behind the other; they raise UsageError where the traffic
            lacks what they need.
        assumptions: what the model takes for granted.
        left_out: what comes on top.
        meters_polls: whether each poll is paid for.
        servers_on_top: whether it needs servers of one's own behind it.
        needs_run: whether it is sized from a measured server.
        egress: what data that leave it cost: ``aws`` (the book has it), ``free``, ``unknown``.
    """

    key: str
    title: str
    short: str
    carries: frozenset[str]
    meters: Sequence[Callable[[Traffic, Meter], list[Item]]]
    assumptions: str
    left_out: tuple[str, ...] = ("publishing",)
    meters_polls: bool = False
    servers_on_top: bool = False
    needs_run: bool = False
    egress: str = "aws"

    def can_price(self, traffic: Traffic) -> bool:
        """Whether it carries the transport, and knows of its servers what it needs to know."""
        return traffic.profile.kind in self.carries and (traffic.sized or not self.needs_run)


def bill(offer: Offer, traffic: Traffic, book: PriceBook, **dials: float | bool) -> Bill:
    """A month of `traffic` at `offer`.

    Args:
        dials: of `Meter`: first_tier_only, headroom, egress.

    Raises:
        UsageError: the offer does not carry the transport, or needs figures of a server that
            the traffic does not have.
    """
    if traffic.profile.kind not in offer.carries:
        raise UsageError(
            f"{offer.title} does not carry {traffic.profile.title}: {traffic.profile.kind}"
            f" (it carries {', '.join(sorted(offer.carries))})"
        )
    meter = Meter(book=book, **dials)  # type: ignore[arg-type]
    items, left_out = [i for part in offer.meters for i in part(traffic, meter)], offer.left_out
    if offer.egress == "aws" and meter.egress:
        items = [*items, *aws.egress(traffic, meter)]
    elif offer.egress != "free":
        left_out = (*left_out, _LEAVING)
    if offer.servers_on_top:
        left_out = ("servers behind it", *left_out)
    return Bill(
        offer=offer.key,
        title=offer.title,
        profile=traffic.profile,
        cell=traffic.transport,
        clients=traffic.clients,
        items=items,
        assumptions=offer.assumptions,
        left_out=left_out,
        servers_on_top=offer.servers_on_top,
    )


def find_offers(names: str | None) -> list[Offer]:
    """Offers by their keys with commas between, or all for ``all`` or None.

    Raises:
        UsageError: there is no such offer.
    """
    if names is None or names.strip() == "all":
        return list(OFFERS.values())
    found = []
    for name in (part.strip() for part in names.split(",")):
        if name not in OFFERS:
            raise UsageError(f"unknown offer {name!r} (known: all, {', '.join(OFFERS)})")
        found.append(OFFERS[name])
    return list(dict.fromkeys(found))


_POLLS = "every poll is one request; a long poll is held for no longer than 30 s"
_BY_LAMBDA = f"{_POLLS}, and a function of 128 MB is paid for all that time"
_SIZED = "servers sized by the run's CPU and memory in proportion, with headroom; a core is a vCPU"
_GATEWAYS = (("http", "HTTP API", aws.http_api), ("rest", "REST API", aws.rest_api))
_ALL = [
    *(
        Offer(
            key=f"aws-{key}-api{'+lambda' if by_lambda else ''}",
            title=f"AWS API Gateway, {name}{', with Lambda' if by_lambda else ''}",
            short=f"AWS {name}{' + Lambda' if by_lambda else ''}",
            carries=_POLLING,
            meters=(meter, aws.polls_by_lambda) if by_lambda else (meter,),
            assumptions=_BY_LAMBDA if by_lambda else _POLLS,
            left_out=("publishing", "storage of the messages") if by_lambda else ("publishing",),
            meters_polls=True,
            servers_on_top=not by_lambda,
        )
        for key, name, meter in _GATEWAYS
        for by_lambda in (False, True)
    ),
    Offer(
        key="aws-websocket-api",
        title="AWS API Gateway, WebSocket API",
        short="AWS WebSocket API",
        carries=_WEBSOCKET,
        meters=(aws.websocket_api,),
        assumptions="every delivery is a message; all clients stay connected; pings are not"
        " counted",
    ),
    Offer(
        key="aws-websocket-api+lambda",
        title="AWS API Gateway, WebSocket API, with Lambda",
        short="AWS WebSocket API + Lambda",
        carries=_WEBSOCKET,
        meters=(aws.websocket_api, aws.publishes_by_lambda),
        assumptions="every delivery is a message; all clients stay connected; a function of 1 ms"
        " for each publish",
        left_out=("the function's time to call every connection",),
    ),
    Offer(
        key="aws-iot-core",
        title="AWS IoT Core",
        short="AWS IoT Core",
        carries=_MQTT,
        meters=(aws.iot_core,),
        assumptions="every delivery is a message, every PUBACK one more; pings are free; all"
        " clients stay connected",
    ),
    Offer(
        key="aws-appsync",
        title="AWS AppSync subscriptions",
        short="AWS AppSync",
        carries=_WEBSOCKET,
        meters=(aws.appsync,),
        assumptions="every delivery is one update, whatever its size; all clients stay connected",
    ),
    Offer(
        key="aws-alb",
        title="AWS Application Load Balancer",
        short="AWS load balancer",
        carries=_HTTP,
        meters=(aws.balancer,),
        assumptions="one balancer by the hour; connections stay open and are not metered singly",
        servers_on_top=True,
    ),
    Offer(
        key="aws-alb+fargate",
        title="AWS load balancer with Fargate containers",
        short="AWS balancer + Fargate",
        carries=_HTTP,
        meters=(aws.balancer, aws.fargate),
        assumptions=_SIZED,
        left_out=(),
        needs_run=True,
    ),
    Offer(
        key="aws-fargate",
        title="AWS Fargate containers",
        short="AWS Fargate",
        carries=_HTTP | _MQTT,
        meters=(aws.fargate,),
        assumptions=f"{_SIZED}; clients reach them directly",
        left_out=("a balancer",),
        needs_run=True,
    ),
]

#: Every offer, by its key.
OFFERS: Mapping[str, Offer] = {offer.key: offer for offer in _ALL}
_FIRST_CHOICE: Mapping[str, str] = {
    "http interval-poll": "aws-http-api",
    "http held-poll": "aws-http-api",
    "http stream": "aws-alb",  # HTTP APIs buffer responses, so no metered offer of theirs streams
    "websocket stream": "aws-websocket-api",
    "mqtt stream": "aws-iot-core",
}


def first_choice(profile: Profile) -> Offer | None:
    """The offer at which a run's summary prices a transport: metered, and able to carry it."""
    return OFFERS.get(_FIRST_CHOICE.get(profile.kind, ""))
