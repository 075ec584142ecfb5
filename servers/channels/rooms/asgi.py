"""HTTP to Django, WebSockets to a consumer."""

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

django = get_asgi_application()  # before what uses Django is imported

from rooms.consumers import RoomConsumer  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": django,
        "websocket": URLRouter([path("ws/<str:room>", RoomConsumer.as_asgi())]),
    }
)
