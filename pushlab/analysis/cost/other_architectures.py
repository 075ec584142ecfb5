"""Architectures of other vendors: Google, Cloudflare, Microsoft, and realtime services."""

from pushlab.analysis.cost import azure, cloudflare, google, mqtt_cloud, realtime
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

__all__ = ["ELSEWHERE"]

#: By vendor.
ELSEWHERE = [
    Architecture(
        key="gcp-cloud-run",
        title="Google Cloud Run, containers with their balancer",
        short="Cloud Run",
        kind="containers",
        provider="gcp",
        carries={
            **carried(
                HTTP,
                Part("servers", google.cloud_run),
                Part("backplane", google.memorystore),
                Part("egress", google.egress),
            ),
            **refused([MQTT], "Cloud Run takes HTTP and WebSockets, not MQTT over TCP"),
        },
        assumptions="in a region of tier 1, billed by instance, or by request where that is"
        " cheaper; at most 1,000 open requests in an instance, which end within the hour",
    ),
    Architecture(
        key="cloudflare",
        title="Cloudflare Workers with Durable Objects",
        short="Cloudflare",
        kind="serverless",
        provider="cloudflare",
        carries={
            **carried(
                HTTP,
                Part("gateway", cloudflare.workers),
                Part("functions", cloudflare.durable_objects),
            ),
            **refused([MQTT], "Workers take HTTP and WebSockets, not MQTT over TCP"),
        },
        left_out=("storage",),
        assumptions="clients share objects, which keep what they deliver in memory; an object"
        " sleeps between polls and between messages over WebSockets, never while an HTTP stream or"
        " a long poll is open; data that leave cost nothing",
    ),
    Architecture(
        key="azure-web-pubsub",
        title="Azure Web PubSub, standard",
        short="Web PubSub",
        kind="managed",
        provider="azure",
        carries={
            **carried([WEBSOCKET], Part("service", azure.web_pubsub), Part("egress", azure.egress)),
            **refused([*POLLS, SSE], "Web PubSub speaks WebSocket only"),
            **refused([MQTT], "Web PubSub takes MQTT inside of WebSockets only, not over TCP"),
        },
        assumptions="publishing is a request of one's own server to the service, which is free;"
        " data that leave are charged at Azure's general rates",
    ),
    Architecture(
        key="azure-signalr",
        title="Azure SignalR, standard",
        short="SignalR",
        kind="managed",
        provider="azure",
        carries={
            **carried(
                [WEBSOCKET, SSE, LONG],
                Part("service", azure.signalr),
                Part("egress", azure.egress),
            ),
            **refused([SHORT], "SignalR holds what a client asks until there is a message"),
            **refused([MQTT], "SignalR does not speak MQTT"),
        },
        assumptions="publishing is a request of one's own server to the service, which is free;"
        " data that leave are charged at Azure's general rates",
    ),
    Architecture(
        key="ably",
        title="Ably, by resources",
        short="Ably",
        kind="managed",
        provider="ably",
        carries={
            **carried([WEBSOCKET, SSE, MQTT], Part("service", realtime.ably)),
            **refused(
                POLLS, "Ably pushes; asking its REST interface again and again is not priced"
            ),
        },
        assumptions="prices by messages and minutes, which accounts have from before Ably went over"
        " to monthly users, whose price could not be read; list prices without volume discounts;"
        " one publish to ten subscribers is eleven messages",
    ),
    Architecture(
        key="pusher",
        title="Pusher Channels",
        short="Pusher",
        kind="managed",
        provider="pusher",
        carries={
            **carried([WEBSOCKET], Part("service", realtime.pusher)),
            **refused([*POLLS, SSE, MQTT], "Pusher Channels speaks its own WebSocket protocol"),
        },
        assumptions="the smallest plan that allows the clients and a day's messages; one publish to"
        " ten subscribers is eleven messages",
    ),
    Architecture(
        key="pubnub",
        title="PubNub, by users",
        short="PubNub",
        kind="managed",
        provider="pubnub",
        carries={
            **carried([LONG], Part("service", realtime.pubnub)),
            **refused([SHORT], "PubNub holds what a client asks until there is a message"),
            **refused([SSE, WEBSOCKET], "PubNub's own protocol is long polling"),
            **refused(
                [MQTT], "PubNub's bridge to MQTT is left out: what it costs could not be read"
            ),
        },
        assumptions="the smallest plan that allows the users of a month, however many messages",
    ),
    Architecture(
        key="supabase",
        title="Supabase Realtime, Pro plan",
        short="Supabase",
        kind="managed",
        provider="supabase",
        carries={
            **carried([WEBSOCKET], Part("service", realtime.supabase)),
            **refused([*POLLS, SSE, MQTT], "Supabase Realtime speaks its own WebSocket protocol"),
        },
        assumptions="the plan's smallest database; above 10,000 connections or 2,500 messages a"
        " second one must ask for it; one publish to ten subscribers is eleven messages",
    ),
    Architecture(
        key="firebase",
        title="Firebase Realtime Database",
        short="Firebase",
        kind="managed",
        provider="firebase",
        carries={
            **carried([WEBSOCKET, SSE], Part("service", google.firebase)),
            **refused(
                POLLS, "Firebase pushes; asking its REST interface again and again is not priced"
            ),
            **refused([MQTT], "Firebase does not speak MQTT"),
        },
        left_out=("storage",),
        assumptions="several databases where one is too small, at 200,000 connections and 100,000"
        " responses a second",
    ),
    Architecture(
        key="emqx",
        title="EMQX Cloud, a managed MQTT broker",
        short="EMQX Cloud",
        kind="managed",
        provider="emqx",
        carries={
            **carried([MQTT], Part("broker", mqtt_cloud.emqx)),
            **refused(HTTP, "EMQX is a broker: its clients speak MQTT"),
        },
        assumptions="serverless up to 1,000 sessions, or a dedicated cluster, whichever is cheaper",
    ),
]
