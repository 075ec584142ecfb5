# -*- coding: utf-8 -*-
"""What an application of that time does with the Channel API, told by whichever module it imports.

Python 2.7 reads this too, and as a program it does so with the file for Python 2.7:

    python2.7 story.py FOLDER

where the folder is that of pushlab_channel.py. The arguments of `tell` come as JSON on the standard
input; what is wrong goes to the standard output.
"""

from __future__ import print_function, unicode_literals

import json
import os
import socket
import sys
import threading

import original


def json_answer(status, told):
    body = json.dumps(told).encode("ascii")
    head = "HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
    return head.encode("ascii") + body


#: What else may be at that address: how it answers, and what that is for the application.
OTHERS = [
    (b'HTTP/1.1 201 Created\r\nContent-Length: 13\r\n\r\n{"token": 1}\n', "HubUnreachable"),
    (b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\n[{}]", "HubUnreachable"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<p>\n", "HubUnreachable"),
    (b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{", "HubUnreachable"),
    (b'HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"token": "t"}', "HubUnreachable"),
    (b"HTTP/1.1 201 Created\r\n\r\n" + b" " * 1100000, "HubUnreachable"),
    (b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n\xff\xfe", "HubUnreachable"),
    (b"SSH-2.0\r\n", "HubUnreachable"),
    (b"HTTP/2.0 what?\r\n\r\n", "HubUnreachable"),
    (json_answer("201 Created", {"token": ""}), "HubUnreachable"),
    (json_answer("201 Created", {"token": "é"}), "HubUnreachable"),
    (json_answer("500 Oh", {"error": "a\nb", "detail": "x\n\x1b[31my"}), "HubRefused"),
    (json_answer("500 Oh", {"error": None, "detail": {"x": 1}}), "HubRefused"),
    (json_answer("500 Oh", {"error": "é", "detail": "x" * 100000}), "HubRefused"),
    (json_answer("500 Oh", {"error": "odd", "detail": "\ud800"}), "HubRefused"),
    (b"", "HubUnreachable"),
    (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\n<p>\n", "HubRefused"),
    (b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: /x\r\n\r\n", "HubRefused"),
    (
        'HTTP/1.1 507 Full\r\nContent-Length: 21\r\n\r\n{"detail": "voll é"}'.encode("utf-8"),
        "HubRefused",
    ),
    (None, "HubUnreachable"),  # it says nothing
]
#: Of what only looks like a token.
LIES = [
    ("401 No", {"error": "token-expired"}),
    ("200 OK", {"channel": 5, "expires_at": 9e9}),
    ("200 OK", {"channel": "a", "expires_at": None}),
]
LENGTHS = [1, 64, 128, 140, 192, 256]
THREADS, EACH = 8, 5


def tell(channel, home, url, key, ended, foreign):
    """Call everything; give back what came out otherwise than it shall, as text.

    channel: the module with the original's names. home: the one with `use` and `ChannelService`.
    ended, foreign: tokens, one that has expired and one of another hub.
    """
    found = names(channel)
    service = home.ChannelService(url, key)
    home.use(service)
    found += original.wrong(channel, original.CASES + original.DIFFERENT)
    found += tokens(channel, ended, foreign)
    found += deliveries(channel)
    found += connections(channel, service)
    found += addresses(home, url)
    found += failures(channel, home, url, key)
    for answer, name in OTHERS:
        found += stranger(channel, home, answer, name)
    for status, told in LIES:
        answer = json_answer(status, told)
        send = "send_message", ("a.b." + "c" * 43, "m")
        found += stranger(channel, home, answer, "HubUnreachable", send)
    return found


def names(channel):
    found = [
        "%s is %r" % (name, getattr(channel, name))
        for name, value in original.CONSTANTS.items()
        if getattr(channel, name) != value
    ]
    for name, of in original.ERRORS.items():
        if of not in [each.__name__ for each in getattr(channel, name).__mro__[1:]]:
            found.append("%s is no %s" % (name, of))
    return found


def tokens(channel, ended, foreign):
    """A token stands for a client ID, however long that is."""
    ids = ["x" * length for length in LENGTHS] + ["é" * 128, "\x01" * 256]
    found = []
    for client_id in ids:
        token = channel.create_channel(client_id=client_id, duration_minutes=5)
        if type(token) is not str:
            found.append("a token is %s" % type(token))
        channel.send_message(client_id=token, message="by its token")
        channel.send_message(token.encode("ascii"), b"by its token")
    cases = [
        ("send_message", (ended, "m"), ""),
        ("send_message", (ended, ""), original.MESSAGE),
        ("send_message", (foreign[:-1], "m"), ""),
        ("send_message", (foreign, "m"), ""),  # somebody's client ID may look like this
        ("send_message", ("a" * 300 + foreign, "m"), original.CLIENT_ID),
    ]
    return found + original.wrong(channel, cases)


def deliveries(channel):
    """What a page gets; the test reads it."""
    channel.send_message("ada", "text é 🎓")
    channel.send_message("ada".encode("ascii"), "bytes é 🎓".encode("utf-8"))
    channel.send_message("zoé", "é" * 16383)
    channel.send_message("zoé".encode("utf-8"), "b" * 32767)
    raised = []

    def send(thread):
        try:
            for number in range(EACH):
                channel.send_message("threads", "%d:%d" % (thread, number))
        except Exception as error:
            raised.append(repr(error))

    threads = [threading.Thread(target=send, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def connections(channel, service):
    """They are kept, and one that the hub has closed since is not taken again."""
    found = []
    if not 1 <= len(service._idle) <= THREADS:
        found.append("%d connections are kept" % len(service._idle))
    kept = service._idle[-1][1]
    channel.send_message("ada", "over a kept connection")
    if service._idle[-1][1] is not kept:
        found.append("a kept connection was not used")
    kept.sock.shutdown(socket.SHUT_RDWR)
    channel.send_message("ada", "over a new one")
    service.close()
    if service._idle:
        found.append("a connection is left")
    return found


def addresses(home, url):
    """Which are understood, and where they lead."""
    found = []
    port = url.rpartition(":")[2]
    same = ["HTTP" + url[4:], url + "/", url.replace("//", "//me:a%20word@")]
    for address, place in [(each, ("127.0.0.1", int(port))) for each in same] + [
        ("http://[::1]", ("::1", 80)),
        ("https://[::1]/below/", ("::1", 443)),
        ("http://[::1]:8000", ("::1", 8000)),
        ("http://host_a.b-c/a/%7e(b)", ("host_a.b-c", 80)),
    ]:
        service = home.ChannelService(address, "key")
        connection = service._take()
        if (connection.host, connection.port) != place or "word" in service.url:
            found.append("%s leads to %s:%s" % (address, connection.host, connection.port))
    return found


def failures(channel, home, url, key):
    """Whatever fails is an `Error`, and says so without the key."""
    expected = [
        ({"PUSHLAB_HUB": url}, "NotConfigured"),
        ({"PUSHLAB_HUB": url, "PUSHLAB_API_KEY": "two\nlines"}, "NotConfigured"),
        ({"PUSHLAB_HUB": url, "PUSHLAB_API_KEY": "another key"}, "HubRefused"),
        ({"PUSHLAB_HUB": url + "/below", "PUSHLAB_API_KEY": key}, "HubRefused"),
        ({"PUSHLAB_HUB": "http://127.0.0.1:1", "PUSHLAB_API_KEY": key}, "HubUnreachable"),
        (
            {"PUSHLAB_HUB": "http://me:a%20word@127.0.0.1:1", "PUSHLAB_API_KEY": key},
            "HubUnreachable",
        ),
        ({"PUSHLAB_HUB": "ftp://me:a%20word@host", "PUSHLAB_API_KEY": key}, "NotConfigured"),
        ({"PUSHLAB_HUB": "me:a%20word@127.0.0.1:1", "PUSHLAB_API_KEY": key}, "NotConfigured"),
        ({"PUSHLAB_HUB": "http://me:a%20word/@host", "PUSHLAB_API_KEY": key}, "NotConfigured"),
        ({"PUSHLAB_HUB": "http://host/?a%20word", "PUSHLAB_API_KEY": key}, "NotConfigured"),
        ({"PUSHLAB_HUB": url + "\n", "PUSHLAB_API_KEY": key}, "NotConfigured"),
        ({"PUSHLAB_HUB": "http://host:65536", "PUSHLAB_API_KEY": key}, "NotConfigured"),
        ({"PUSHLAB_HUB": "http://a b", "PUSHLAB_API_KEY": key}, "NotConfigured"),
        ({"PUSHLAB_HUB": "http://a..b", "PUSHLAB_API_KEY": key}, "HubUnreachable"),
        ({"PUSHLAB_HUB": "ftp://host", "PUSHLAB_API_KEY": key}, "NotConfigured"),
        ({"PUSHLAB_HUB": "host:8000", "PUSHLAB_API_KEY": key}, "NotConfigured"),
        ({"PUSHLAB_HUB": "http://host:port", "PUSHLAB_API_KEY": key}, "NotConfigured"),
        ({"PUSHLAB_HUB": "http://[", "PUSHLAB_API_KEY": key}, "NotConfigured"),
    ]
    found = []
    for environment, name in expected:
        for each in ("PUSHLAB_HUB", "PUSHLAB_API_KEY"):
            os.environ.pop(each, None)
        os.environ.update((str(name), str(value)) for name, value in environment.items())
        home.use(None)
        cases = [
            ("create_channel", (None,), original.CLIENT_ID),
            ("send_message", ("ada", ""), original.MESSAGE),
            ("create_channel", ("ada",), name),
            ("send_message", ("ada", "m"), name),
        ]
        found += [str(environment) + ": " + each for each in original.wrong(channel, cases)]
        secret = environment.get("PUSHLAB_API_KEY", key)
        try:
            channel.create_channel("ada")
        except channel.Error as error:
            text = str(error) + repr(error)
            if secret in text or "a%20word" in text or not str(error):
                found.append("%s tells %s" % (environment, error))
            if name == "HubRefused" and getattr(error, "status", None) not in (403, 404):
                found.append("%s has no status" % name)
    home.use(None)
    return found


def stranger(channel, home, answer, name, call=("create_channel", ("ada",))):
    """What is no hub is told, whatever it answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)

    def serve():
        connection = listener.accept()[0]
        asked = connection.recv(65536)
        while not asked.endswith(b"}" if asked.startswith(b"P") else b"\r\n\r\n"):
            asked += connection.recv(65536)
        try:
            connection.sendall(answer)
        except EnvironmentError:
            pass  # it has read enough of it
        connection.close()
        listener.close()

    if answer is not None:
        threading.Thread(target=serve).start()
    url = "http://127.0.0.1:%d" % listener.getsockname()[1]
    home.use(home.ChannelService(url, "key", timeout_s=60.0 if answer is not None else 0.05))
    function, arguments = call
    found = original.wrong(channel, [(function, arguments, name)])
    listener.close()
    home.use(None)
    return ["%.50r: %s" % (answer, each) for each in found]


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    import pushlab_channel

    pushlab_channel.install()
    from google.appengine.api import channel

    for line in tell(channel, pushlab_channel, **json.loads(sys.stdin.read())):
        print(line.encode("ascii", "backslashreplace").decode("ascii"))
    print("told")
