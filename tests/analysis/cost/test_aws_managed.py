"""Hand sums of IoT Core, AppSync and AppSync Events: few messages, the first tier, the last."""

import pytest

from pushlab.analysis.cost.aws_managed import appsync, appsync_events, iot_core
from tests.analysis.cost.hand_sums import Sum, case, on, unnoticed

MILLION = 1e6 / 2_592_000  # a month, as so many a second


def messages(transport, millions, clients=1_000, acks=0.0, **more):
    """As many publishes as deliveries."""
    return on(
        transport,
        clients=clients,
        publishes_per_s=millions * MILLION,
        deliveries_per_s=millions * MILLION,
        acks_per_s=acks * MILLION,
        **more,
    )


#: 5,100 bytes, and 64 for the topic, are two units of 5,120.
LARGE = {"payload_bytes": 5_100}

SUMS = [
    # in, out and acknowledged: 3 x 0.1 x 1.00 + 10 x 43,200 minutes x 0.08 = 0.30 + 0.03456
    Sum("IoT Core, few", iot_core, messages("mqtt", 0.1, 10, 0.1), 0.33456),
    # 2 x 300 x 1.00 + 43.2 x 0.08, without acknowledgements (QoS 0)
    Sum("IoT Core, QoS 0", iot_core, messages("mqtt", 300), 603.456),
    # 3 x 300 x 1.00 + 3.456; 1,000 clients connect and subscribe 10 times a day: 0.6 x 1.00
    Sum(
        "IoT Core, first tier",
        iot_core,
        messages("mqtt", 300, acks=300),
        904.056,
        {"reconnects_a_day": 10},
    ),
    # (2 + 2 + 1) x 1.00 + 3.456: an acknowledgement stays one unit
    Sum("IoT Core, in steps of 5 KB", iot_core, messages("mqtt", 1, acks=1, **LARGE), 8.456),
    # 3,000 units: 1,000 x 1.00 + 2,000 x 0.80 + 3.456
    Sum("IoT Core, second tier", iot_core, messages("mqtt", 1_000, acks=1_000), 2_603.456),
    # 3 x 12,960 = 38,880 million units: 1,000 x 1.00 + 4,000 x 0.80 + 33,880 x 0.70
    # + 2,160 x 0.08 = 1,000 + 3,200 + 23,716 + 172.80
    Sum("IoT Core, the case", iot_core, case("mqtt", acks_per_s=5_000), 28_088.80),
    # 0.1 x 4.00 + 0.1 x 2.00 + 0.432 x 0.08
    Sum("AppSync, few", appsync, messages("websocket", 0.1, 10), 0.63456),
    # Amazon's example 2: 2,500 users of 1,500 minutes send and get 2.5 million messages of 1 KB:
    # 10.00 + 5.00 + 0.30
    Sum(
        "AppSync, Amazon's own example",
        appsync,
        messages("websocket", 2.5, 2_500 * 1_500 / 43_200, payload_bytes=960),
        15.30,
    ),
    # 43.2 x 4.00 + 43.2 x 2.00 + 43.2 x 0.08 + 0.6 connects and subscribes x 2.00
    Sum(
        "AppSync, connecting",
        appsync,
        messages("websocket", 43.2),
        263.856,
        {"reconnects_a_day": 10},
    ),
    # 1 x 4.00 + 2 x 2.00 + 3.456
    Sum("AppSync, in steps of 5 KB", appsync, messages("websocket", 1, **LARGE), 11.456),
    # 12,960 x 4.00 + 12,960 x 2.00 + 2,160 x 0.08 = 51,840 + 25,920 + 172.80
    Sum("AppSync, the case", appsync, case("websocket"), 77_932.80),
    # 2 x 0.1 x 1.00 + 0.432 x 0.08
    Sum("AppSync Events, few", appsync_events, messages("websocket", 0.1, 10), 0.23456),
    # 2 x 43.2 x 1.00 + 3.456 + 0.6 x 1.00
    Sum(
        "AppSync Events, connecting",
        appsync_events,
        messages("websocket", 43.2),
        90.456,
        {"reconnects_a_day": 10},
    ),
    # (2 + 2) x 1.00 + 3.456
    Sum(
        "AppSync Events, in steps of 5 KB", appsync_events, messages("websocket", 1, **LARGE), 7.456
    ),
    # 25,920 x 1.00 + 2,160 x 0.08 = 25,920 + 172.80
    Sum("AppSync Events, the case", appsync_events, case("websocket"), 26_092.80),
]


@pytest.mark.parametrize("each", SUMS, ids=lambda each: each.name)
def test_a_month_by_hand(each):
    assert each.usd() == pytest.approx(each.by_hand, rel=1e-6, abs=1e-3)


def test_no_figure_could_be_wrong_unnoticed():
    products = ("iot-core", "appsync", "appsync-events")
    assert unnoticed(SUMS, [("aws", product) for product in products]) == []
