"""Architectures at Amazon, plain virtual machines, and networks that answer polls from a cache."""

from pushlab.analysis.cost import (
    aws,
    aws_functions,
    aws_managed,
    aws_servers,
    cdn,
    machines,
)
from pushlab.analysis.cost.architecture import (
    HTTP,
    LONG,
    MQTT,
    POLLS,
    SHORT,
    SSE,
    WEBSOCKET,
    Architecture,
    Part,
    carried,
    refused,
)

__all__ = ["AT_AWS"]

_FARGATE = Part("servers", aws_servers.fargate)
_ALB = Part("balancer", aws_servers.balancer)
_NLB = Part("balancer", aws_servers.network_balancer)
_VALKEY = Part("backplane", aws_servers.valkey)
_AWS_EGRESS = Part("egress", aws_servers.egress)
_BY_HTTP_API = (
    Part("gateway", aws.http_api),
    Part("functions", aws_functions.answering),
    Part("store", aws_functions.kept_messages),
)
_ORIGIN = (
    Part("servers", cdn.behind(aws_servers.fargate)),
    Part("balancer", cdn.behind(aws_servers.balancer)),
    _VALKEY,
)
_BESIDE_CONTAINERS = ("a NAT gateway for containers without public addresses", "logs")
_UNCACHED = "what waits for one client, or is pushed to it, cannot be answered from a cache"
_EDGES = (
    "clients of one channel get one answer from each edge, for as long as it may be kept; where"
    " each client has a channel of its own, every poll reaches the origin"
)

#: Amazon's, and what others have before it or instead of its machines.
AT_AWS = [
    Architecture(
        key="aws-containers",
        title="AWS: load balancer with Fargate containers",
        short="AWS containers",
        kind="containers",
        provider="aws",
        carries={
            **carried(HTTP, _FARGATE, _ALB, _VALKEY, _AWS_EGRESS),
            **carried([MQTT], _FARGATE, _NLB, _VALKEY, _AWS_EGRESS),
        },
        assumptions="TLS ends at the balancer, which for MQTT is a network balancer, whose broker"
        " shares each container with its server; a pair of Valkey nodes carries messages between"
        " servers; publishing is a request to one's own server",
        left_out=_BESIDE_CONTAINERS,
    ),
    Architecture(
        key="aws-cloudfront",
        title="AWS: CloudFront before load balancer with Fargate containers",
        short="CloudFront + AWS containers",
        kind="containers",
        provider="aws",
        carries={
            **carried(
                [SHORT],
                *_ORIGIN,
                Part("gateway", cdn.cloudfront),
            ),
            **refused((LONG, SSE, WEBSOCKET, MQTT), _UNCACHED),
        },
        assumptions=f"{_EDGES}; data from the origin to CloudFront are free",
        left_out=_BESIDE_CONTAINERS,
    ),
    Architecture(
        key="fastly",
        title="Fastly before AWS's load balancer with Fargate containers",
        short="Fastly + AWS containers",
        kind="containers",
        provider="fastly",
        carries={
            **carried(
                [SHORT],
                *_ORIGIN,
                Part("gateway", cdn.fastly),
                Part("egress", cdn.behind(aws_servers.egress)),
            ),
            **refused((LONG, SSE, WEBSOCKET, MQTT), _UNCACHED),
        },
        assumptions=f"{_EDGES}; clients are in North America and Europe",
        left_out=_BESIDE_CONTAINERS,
    ),
    Architecture(
        key="aws-machines",
        title="AWS: virtual machines with nginx",
        short="AWS machines",
        kind="machines",
        provider="aws",
        carries=carried((*HTTP, MQTT), Part("servers", aws_servers.ec2), _VALKEY, _AWS_EGRESS),
        assumptions="nginx ends TLS on each machine and takes its share of the CPU; clients find"
        " the machines by DNS; a pair of Valkey nodes carries messages between them",
        left_out=("backups", "logs"),
    ),
    Architecture(
        key="digitalocean-machines",
        title="DigitalOcean: virtual machines with nginx",
        short="DigitalOcean machines",
        kind="machines",
        provider="digitalocean",
        carries=carried((*HTTP, MQTT), Part("servers", machines.droplets)),
        assumptions="nginx ends TLS on each machine and takes its share of the CPU; clients find"
        " the machines by DNS; data beyond the machines' allowance are in their price",
        left_out=("a backplane (Redis on one of the machines)", "backups"),
    ),
    Architecture(
        key="aws-serverless",
        title="AWS: API Gateway with Lambda and DynamoDB",
        short="AWS serverless",
        kind="serverless",
        provider="aws",
        carries={
            **carried(POLLS, *_BY_HTTP_API, _AWS_EGRESS),
            **carried(
                [SSE],
                Part("gateway", aws.rest_streams),
                Part("functions", aws_functions.streaming),
                _AWS_EGRESS,
            ),
            **carried(
                [WEBSOCKET],
                Part("gateway", aws.websocket_api),
                Part("functions", aws_functions.handing_over),
                Part("store", aws_functions.kept_connections),
                _AWS_EGRESS,
            ),
            **refused([MQTT], "API Gateway speaks no MQTT; AWS IoT Core does"),
        },
        assumptions="a function of 128 MB for each poll and publish; a long poll keeps one for as"
        " long as it is held (30 s at most), an SSE client keeps one all the time, over a REST API"
        " whose streams last 15 minutes (an HTTP API waits for the whole answer); more than 1,000"
        " functions at a time must be asked for; a WebSocket publish calls the gateway for each"
        " connection",
        left_out=("what tells a streaming function of a message", "logs"),
    ),
    Architecture(
        key="aws-iot-core",
        title="AWS IoT Core",
        short="AWS IoT Core",
        kind="managed",
        provider="aws",
        carries={
            **carried([MQTT], Part("service", aws_managed.iot_core), _AWS_EGRESS),
            **refused(HTTP, "AWS IoT Core delivers by MQTT alone, over TCP or WebSocket"),
        },
        assumptions="publishes come in and are metered, as are a device's acknowledgements; pings"
        " are 30 s apart or more",
    ),
    *(
        Architecture(
            key=key,
            title=title,
            short=title,
            kind="managed",
            provider="aws",
            carries={
                **carried([WEBSOCKET], Part("service", lines), _AWS_EGRESS),
                **refused((*POLLS, SSE, MQTT), "AWS AppSync delivers by WebSocket alone"),
            },
            assumptions=assumptions,
        )
        for key, title, lines, assumptions in (
            (
                "aws-appsync",
                "AWS AppSync subscriptions",
                aws_managed.appsync,
                "each publish is a mutation, without a resolver that costs anything itself",
            ),
            (
                "aws-appsync-events",
                "AWS AppSync Events",
                aws_managed.appsync_events,
                "each publish is one event, without handlers",
            ),
        )
    ),
]
