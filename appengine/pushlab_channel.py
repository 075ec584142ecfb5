# -*- coding: utf-8 -*-
"""App Engine's Channel API on a pushlab hub, for an application that is still on Python 2.7.

Copy this file into the application's folder; it needs the standard library alone, of Python 2.7.9 or
newer, and runs on 3.6 and newer too. Then either change the import ::

    import pushlab_channel as channel  # was: from google.appengine.api import channel

or leave all imports as they are, and begin main.py with ::

    import pushlab_channel
    pushlab_channel.install()

The environment says which hub it is: PUSHLAB_HUB (http://127.0.0.1:8000 unless it is set) and
PUSHLAB_API_KEY; or use(ChannelService(url, api_key)). Names, limits and errors are the original's,
and whatever fails is an Error. `pushlab.channel_api` says the same to Python 3.11 and newer.
"""

import base64
import hashlib
import hmac
import importlib
import json
import os
import re
import select
import ssl
import sys
import threading
import time
import types

try:
    import httplib
    from urllib import quote

    _Text, _integers, _surrogates = unicode, (int, long), "strict"
except ImportError:
    import http.client as httplib
    from urllib.parse import quote

    _Text, _integers, _surrogates = str, (int,), "surrogatepass"

__all__ = [
    "MAXIMUM_CLIENT_ID_LENGTH", "MAXIMUM_MESSAGE_LENGTH", "MAXIMUM_TOKEN_DURATION_MINUTES",
    "AppIdAliasRequired", "ChannelService", "Error", "HubRefused", "HubUnreachable",
    "InvalidChannelClientIdError", "InvalidChannelTokenDurationError", "InvalidMessageError",
    "NotConfigured", "create_channel", "install", "is_genuine", "send_message", "use",
]

MAXIMUM_CLIENT_ID_LENGTH = 256
MAXIMUM_TOKEN_DURATION_MINUTES = 24 * 60
MAXIMUM_MESSAGE_LENGTH = 32767

_DEFAULT_HUB = "http://127.0.0.1:8000"
_ORIGIN = r"(?i)(https?)://(?:[^/?#]*@)?((?:\[[a-z0-9:.%]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?)"
_ADDRESS = _ORIGIN + r"((?:/[a-z0-9_.~!$&'()*+,;=:@%-]*)*)\Z"
_LINE = u"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,1000}\\Z"
_MAX_ANSWER_BYTES = 1024 * 1024
_MOST_KNOWN_TOKENS = 1000
_TOKEN = re.compile(b"[A-Za-z0-9]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{43}\\Z")
_MAX_TOKEN_BYTES = 6144


class Error(Exception):
    """Whatever this module raises."""


class InvalidChannelClientIdError(Error):
    """Not text, empty, or over 256 bytes of UTF-8."""


class InvalidChannelTokenDurationError(Error):
    """Not a whole number of minutes from 1 to 1440."""


class InvalidMessageError(Error):
    """Not text, empty, or over 32,767 bytes of UTF-8."""


class AppIdAliasRequired(Error):
    """Never raised: only App Engine asked for an alias of an application's name."""


class HubRefused(Error):
    """The hub said no: `status` of HTTP, and `reason`, one word for programs."""

    def __init__(self, status, reason, detail):
        Error.__init__(self, detail)
        self.status = status
        self.reason = reason

    def __reduce__(self):
        return type(self), (self.status, self.reason, str(self))  # into another process


class HubUnreachable(Error):
    """No hub answers. If the connection broke while it did, a message may have been taken."""


class NotConfigured(Error):
    """No service was chosen, and the environment names none that can be used."""


# ---- what the application calls --------------------------------------------------------------------

_service = None
_choosing = threading.Lock()


def use(service):
    """Let create_channel and send_message speak to this service; None: to the environment's."""
    global _service
    with _choosing:
        _service = service


def create_channel(client_id, duration_minutes=None):
    """Make a token with which a page may read what is sent to `client_id`."""
    return _of_client(client_id, duration_minutes, _chosen)


def send_message(client_id, message):
    """Send a message to `client_id`, or to whose token it is."""
    _to_client(client_id, message, _chosen)


def install():
    """Let `from google.appengine.api import channel` find this module, with Google's SDK or without."""
    above = None
    for name in ("google", "google.appengine", "google.appengine.api"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            module = sys.modules[name] = types.ModuleType(str(name))
            module.__path__ = []
            if above is not None:
                setattr(above, name.rpartition(".")[2], module)
        above = module
    me = sys.modules[__name__]
    above.channel = me.channel = me  # it was a package with a module of the same name
    me.__path__ = [os.path.join(each, "channel") for each in above.__path__]  # the SDK's stubs
    for name in (".channel", ".channel.channel"):
        sys.modules[above.__name__ + name] = me


def is_genuine(key, headers, path, body, now=None):
    """Whether a hub of this key sent this notice of presence, within the last five minutes.

    headers: a mapping, whatever the case of its names; path, body: of the request as it came; key:
    PUSHLAB_PRESENCE_KEY if the hub has one, else PUSHLAB_API_KEY.
    """
    if not key:  # with none, anybody could sign
        raise NotConfigured("a notice needs the hub's PUSHLAB_PRESENCE_KEY or PUSHLAB_API_KEY")
    lower = dict((name.lower(), value) for name, value in headers.items())
    stamp, _, digits = lower.get("pushlab-signature", "").partition(",v1=")
    if not re.match("t=[0-9]{1,15}\\Z", stamp):
        return False
    if abs((time.time() if now is None else now) - int(stamp[2:])) > 300:
        return False
    told = path[path.rfind("/_ah/channel/") :]
    parts = [stamp[2:], lower.get("pushlab-hub", ""), told, body]
    signed = b"\n".join(_utf8(part) for part in parts)
    expected = hmac.new(_utf8(key), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(_utf8(expected), _utf8(digits))


# ---- what a call was given, looked at in the original's order --------------------------------------


def _of_client(client_id, duration_minutes, service):
    raw = _bytes(client_id, *_CLIENT_ID)
    if duration_minutes is not None:
        _check_duration(duration_minutes)
        duration_minutes = int(duration_minutes)
    return service()._make_token(_filled(raw, *_CLIENT_ID), duration_minutes)


def _to_client(client_id, message, service):
    token = _token_in(client_id)
    raw = _bytes(client_id, *_CLIENT_ID) if token is None else token
    message = _filled(_bytes(message, *_MESSAGE), *_MESSAGE)
    channel = None if token is None else service()._channel_of_token(token)
    if channel is None:
        channel = _filled(_bytes(raw, *_CLIENT_ID), *_CLIENT_ID)
    service()._publish(channel, message)


_CLIENT_ID = ("the client ID", MAXIMUM_CLIENT_ID_LENGTH, InvalidChannelClientIdError)
_MESSAGE = ("the message", MAXIMUM_MESSAGE_LENGTH, InvalidMessageError)


def _utf8(value):
    return value.encode("utf-8", _surrogates) if isinstance(value, _Text) else value


def _bytes(value, what, most, error):
    raw = _utf8(value)
    if not isinstance(raw, bytes):
        raise error("%s must be text, or UTF-8 in bytes, not %s" % (what, type(value).__name__))
    if len(raw) > most:
        raise error("%s has %d bytes of UTF-8; the limit is %d" % (what, len(raw), most))
    return raw


def _filled(raw, what, most, error):
    if not raw:
        raise error("%s is empty" % what)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise error("%s is not UTF-8: %s" % (what, problem.reason))
    if re.search(b"\xed[\xa0-\xbf]", raw):  # Python 2 decodes it
        raise error("%s is not UTF-8: it has a lone surrogate" % what)
    return raw


def _check_duration(minutes):
    if not isinstance(minutes, _integers):
        why = "must be a whole number, not %s" % type(minutes).__name__
    elif not 1 <= minutes <= MAXIMUM_TOKEN_DURATION_MINUTES:
        why = "is %d; it must lie between 1 and %d" % (minutes, MAXIMUM_TOKEN_DURATION_MINUTES)
    else:
        return
    raise InvalidChannelTokenDurationError("duration_minutes " + why)


def _token_in(value):
    """What has a token's form, in bytes; it may be longer than a client ID."""
    raw = _utf8(value)
    if isinstance(raw, bytes) and len(raw) <= _MAX_TOKEN_BYTES and _TOKEN.match(raw):
        return raw
    return None


# ---- the hub ---------------------------------------------------------------------------------------


class ChannelService(object):
    """The Channel API on a hub at a URL, over connections that are kept open; for any threads.

    url: http or https; None: PUSHLAB_HUB, or where `pushlab serve` is. api_key: None: PUSHLAB_API_KEY.
    timeout_s: how long the hub may be silent. context: what TLS trusts; None: whom this machine trusts.
    """

    def __init__(self, url=None, api_key=None, timeout_s=10.0, context=None):
        url = url or os.environ.get("PUSHLAB_HUB") or _DEFAULT_HUB
        self._key = _header(api_key or os.environ.get("PUSHLAB_API_KEY") or "")
        if self._key is None:
            raise NotConfigured("set PUSHLAB_API_KEY to the hub's API key, which is printable ASCII")
        found = re.match(_ADDRESS, _header(url) or "")
        if not found or int(found.group(3) or 0) > 65535:  # it may have a password, so none is shown
            raise NotConfigured("PUSHLAB_HUB is not an address such as %s" % _DEFAULT_HUB)
        self._place = found.group(2)
        self._path = found.group(4).rstrip("/")
        self.url = "%s://%s%s" % (found.group(1), self._place, self._path)
        self._options = {"timeout": timeout_s}
        self._connection = httplib.HTTPConnection
        if found.group(1).lower() == "https":
            self._connection = httplib.HTTPSConnection
            self._options["context"] = context or ssl.create_default_context()
        self._idle = []
        self._known = {}

    def create_channel(self, client_id, duration_minutes=None):
        """As the module's."""
        return _of_client(client_id, duration_minutes, lambda: self)

    def send_message(self, client_id, message):
        """As the module's."""
        _to_client(client_id, message, lambda: self)

    def close(self):
        """Close the connections; the next call opens one again."""
        while self._idle:
            self._idle.pop()[1].close()

    def _make_token(self, client_id, minutes):
        body = {"client_id": client_id.decode("utf-8"), "duration_minutes": minutes}
        told = self._ask("POST", "/v1/channels", json.dumps(body).encode("ascii"))
        token = _token_in(told.get("token"))
        if token is None:
            raise self._no_hub("it gave no token")
        return str(token.decode("ascii"))

    def _publish(self, channel, message):
        self._ask("POST", "/v1/publish?channel=" + quote(channel, safe=""), message)

    def _channel_of_token(self, token):
        """The channel that a token reads; None for what only looks like a token of the hub's."""
        known = self._known.get(token)
        if known is not None and known[1] > time.time():
            return known[0]
        try:
            try:
                told = self._ask("GET", "/v1/endpoints", secret=token.decode("ascii"))
            except HubRefused as refusal:
                if refusal.reason in ("token-invalid", "token-revoked"):
                    return None
                if refusal.reason != "token-expired":
                    raise
                raw = token.split(b".")[1]  # who keeps one that has expired means its client
                raw = base64.urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
                told = {"channel": json.loads(raw.decode("utf-8"))[1], "expires_at": 0}
            known = told["channel"].encode("utf-8"), float(told["expires_at"])
        except (AttributeError, LookupError, TypeError, ValueError):
            raise self._no_hub("it did not say what the token is for")
        if len(self._known) >= _MOST_KNOWN_TOKENS:
            self._known.clear()
        self._known[token] = known
        return known[0]

    def _ask(self, method, path, body=None, secret=None):
        headers = {"Authorization": str("Bearer " + (secret or self._key))}
        try:
            connection = self._take()
            try:
                connection.request(method, self._path + path, body, headers)
                response = connection.getresponse()
                raw = response.read(_MAX_ANSWER_BYTES + 1)
                if len(raw) > _MAX_ANSWER_BYTES or response.length:
                    raise httplib.IncompleteRead(raw, response.length)
            except BaseException:
                connection.close()
                raise
        # ValueError: a host that is none, and a certificate that is another's.
        except (EnvironmentError, httplib.HTTPException, ValueError) as error:
            why = " ".join(str(error).split())[:1000] or type(error).__name__
            raise HubUnreachable("the hub at %s did not answer: %s" % (self.url, why))
        if connection.sock is not None:  # else the answer said that it is the last one
            self._idle.append((os.getpid(), connection))
        try:
            told = json.loads(raw.decode("utf-8"))
        except (ValueError, RuntimeError):
            told = None
        if response.status >= 300:
            told = told if isinstance(told, dict) else {}
            reason = _line(told.get("error")) or "http-%d" % response.status
            detail = _line(told.get("detail")) or "%s answered %d" % (self.url, response.status)
            there = re.match(_ORIGIN, response.getheader("Location") or "")
            if there and response.status < 400:  # the key goes to no address but its own
                detail = "%s sends its clients to %s://%s; give the hub's address there"
                detail %= (self.url,) + there.group(1, 2)
            raise HubRefused(response.status, reason, detail)
        if not isinstance(told, dict):
            raise self._no_hub("its answer is no JSON object")
        return told

    def _no_hub(self, why):
        return HubUnreachable("what answers at %s is no pushlab hub: %s" % (self.url, why))

    def _take(self):
        """A connection that nobody uses: one that was kept and still stands, or a new one."""
        while True:
            try:
                owner, kept = self._idle.pop()
            except IndexError:
                return self._connection(self._place, **self._options)
            if owner == os.getpid() and not _has_ended(kept):  # a fork shares its parent's
                return kept
            kept.close()


def _line(value):
    """A line that is fit to be shown, as the type that is `str`, which an error's text is; or None."""
    if not isinstance(value, _Text) or not re.match(_LINE, value):
        return None
    return value if isinstance(value, str) else str(_utf8(value))


def _header(value):
    """A value as a header carries it, in the type that is `str`; None for one that none can carry."""
    raw = _utf8(value)
    return str(raw.decode("ascii")) if re.match(b"[ -~]+\\Z", raw) else None


def _has_ended(connection):
    """Whether an idle connection has something to say, which can only be the server's goodbye."""
    try:
        if not hasattr(select, "poll"):
            return bool(select.select([connection.sock], [], [], 0)[0])
        waiting = select.poll()
        waiting.register(connection.sock, select.POLLIN)
        return bool(waiting.poll(0))
    except (EnvironmentError, TypeError, ValueError, select.error):
        return True


def _chosen():
    global _service
    with _choosing:
        if _service is None:
            _service = ChannelService()
        return _service
