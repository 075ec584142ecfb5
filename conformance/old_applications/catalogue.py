"""Which applications, at which commit, and what of the rest of the world each one needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["APPLICATIONS", "Application"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An old application in a checkout; its sources are nobody's here but its authors'.

    Attributes:
        name: of the checkout's folder.
        repository: on GitHub; `commit` of it is run, and no other.
        what: what it is, and what it does with the Channel API.
        folder: where in the checkout it begins.
        script: as its ``app.yaml`` names it: a module's WSGI application, or a module that runs
            itself.
        pages: files with the script's address.
        static: folders that its ``app.yaml`` has served as they are.
        elsewhere: what its pages load from hosts that are not there: URL to a file in the folder of
            the checkouts, or to JavaScript in place of a service that is no more.
        token_minutes: the life of its tokens, so that one sees them expire; None: as it asks.
    """

    name: str
    repository: str
    commit: str
    licence: str
    what: str
    folder: str = ""
    script: str
    pages: tuple[str, ...]
    static: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    token_minutes: int | None = None


GAME = Application(
    name="channel-tac-toe",
    repository="Kyle2501/channel-tac-toe",
    commit="2188427c2d7f946a475cc75553b3e410b082e55a",
    licence="none told",
    what="the documentation's game in its first form (2010): two players to a win",
    script="chatactoe",
    pages=("index.html",),
)

CHAT = Application(
    name="udacityplus",
    repository="pytonc/udacityplus",
    commit="664c703e29d5e87b5cfc7c4d4112a65571efc2d0",
    licence="Apache-2.0",
    what="a chat like IRC (2012) that renews its token on 401 and Token+timed+out., word for word",
    folder="udacitychat",
    script="main.app",
    pages=("templates/chat.html",),
    elsewhere={
        "https://ajax.googleapis.com/ajax/libs/jquery/1.7.1/jquery.min.js": "jquery-1.7.1.min.js",
        "https://netdna.bootstrapcdn.com/**": "javascript:",
    },
    token_minutes=1,
)

CROWD = Application(
    name="crowd-navigation",
    repository="cyang/crowd-navigation",
    commit="e4052cfc071cb3e7e4a936b88c9bd4daa68d5017",
    licence="none told",
    what="a crowd that steers together (2014); it registers for disconnections alone",
    folder="crowd-navigation",
    script="crowdnavigation.application",
    pages=("templates/base.html",),
    static=("css", "img", "js"),
    elsewhere={
        # A service for video, of which the pages want these two calls.
        "http://static.opentok.com/**": "javascript: TB = {initSession: function () {"
        " return {connect: function () {}, addEventListener: function () {}}; }};",
        "http://www.youtube.com/**": "javascript:",
        "https://maps.google.com/**": "javascript:",
    },
)

APPLICATIONS = (GAME, CHAT, CROWD)
