"""The rest of App Engine as an old application needs it: in memory, for Python 2.7 alone.

    python2.7 platform27.py --port 8080 --static css --static js main.app

The application itself is imported from the working directory as it is. Its Channel API is pushlab's one
file for Python 2.7, installed as docs/from-app-engine.md says. Who is asking is the cookie `user`, an
e-mail address.

What this knows of db, memcache, users, template and urlfetch is what the applications of
`catalogue.py` use, and no more.
"""

import argparse
import copy
import datetime
import hashlib
import itertools
import mimetypes
import os
import sys
import threading
import types
from Cookie import SimpleCookie
from SocketServer import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

ONE_AT_A_TIME = threading.Lock()  # as an instance of App Engine's that is not thread-safe
asking = threading.local()


# ---- google.appengine.api.users ------------------------------------------------------------------


class User(object):
    def __init__(self, email):
        self._email = email

    def email(self):
        return self._email

    def nickname(self):
        return self._email.partition("@")[0]

    def user_id(self):
        return "1" + "%020d" % int(hashlib.md5(self._email).hexdigest()[:16], 16)

    def __eq__(self, other):
        return isinstance(other, User) and self._email == other._email

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return hash(self._email)


def get_current_user():
    cookie = SimpleCookie(asking.environ.get("HTTP_COOKIE", "")).get("user")
    return User(cookie.value) if cookie else None


# ---- google.appengine.ext.db ---------------------------------------------------------------------

STORE = {}  # of copies, by kind and name
NUMBERS = itertools.count(1)


class Property(object):
    def __init__(self, default=None, required=False, auto_now_add=False, auto_now=False, **other):
        self.default, self.required = default, required
        self.now = auto_now or auto_now_add

    def fresh(self):
        return datetime.datetime.utcnow() if self.now else self.default


class Key(object):
    def __init__(self, kind, name):
        self._kind, self._name = kind, name

    def name(self):
        return self._name if isinstance(self._name, basestring) else None

    def id_or_name(self):
        return self._name


class Model(object):
    def __init__(self, key_name=None, **values):
        self._name = key_name
        for name, kind in self.properties().items():
            value = values.pop(name, None)
            setattr(self, name, kind.fresh() if value is None else value)
            if kind.required and getattr(self, name) is None:
                raise ValueError("Property %s is required" % name)
        if values:
            raise TypeError("no such property: %s" % ", ".join(values))

    @classmethod
    def properties(cls):
        return dict((n, p) for n, p in cls.__dict__.items() if isinstance(p, Property))

    def key(self):
        return Key(type(self).__name__, self._name)

    def put(self):
        if self._name is None:
            self._name = next(NUMBERS)
        STORE[type(self).__name__, self._name] = copy.deepcopy(self)
        return self.key()

    def delete(self):
        STORE.pop((type(self).__name__, self._name), None)

    @classmethod
    def get_by_key_name(cls, name):
        return copy.deepcopy(STORE.get((cls.__name__, name)))

    @classmethod
    def all(cls):
        return Query(cls.__name__)


class Query(object):
    def __init__(self, kind):
        self._kind, self._wanted = kind, []

    def filter(self, condition, value):
        name, _, how = condition.partition(" ")
        assert how.strip() in ("", "="), condition
        self._wanted.append((name, value))
        return self

    def __iter__(self):
        for (kind, _), held in sorted(STORE.items()):
            if kind == self._kind and all(getattr(held, n) == v for n, v in self._wanted):
                yield copy.deepcopy(held)

    def get(self):
        return next(iter(self), None)


# ---- google.appengine.api.memcache ---------------------------------------------------------------

REMEMBERED = {}


def remember(key, value, time=0):
    REMEMBERED[key] = copy.deepcopy(value)
    return True


def recall(key):
    return copy.deepcopy(REMEMBERED.get(key))


# ---- google.appengine.ext.webapp -----------------------------------------------------------------


def render(path, values):
    from django.template import Context, Template  # that of App Engine, 0.96, escaped nothing

    with open(path) as file:
        return u"%s" % Template(file.read().decode("utf-8")).render(Context(values, autoescape=False))


def run_wsgi_app(application):
    """An application of 2010 is a script that runs itself: once a request, so keep it."""
    ran.append(application)


ran = []


def module(name, **names):
    made = sys.modules[name] = types.ModuleType(name)
    made.__dict__.update(names)
    made.__path__ = []
    parent, _, last = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], last, made)


def install():
    """Put the modules where an application looks for them, beside pushlab's own."""
    import pushlab_channel
    import webapp2
    from django.conf import settings

    pushlab_channel.install()
    settings.configure()
    module("google.appengine.api.users", User=User, get_current_user=get_current_user)
    sys.modules["google.appengine.api.users"].create_login_url = lambda to: "/_ah/login"
    module("google.appengine.api.memcache", get=recall, set=remember)
    module("google.appengine.api.urlfetch")
    module("google.appengine.ext")
    sys.modules["google.appengine"].ext = sys.modules["google.appengine.ext"]
    kinds = ("String", "Text", "Boolean", "Integer", "DateTime", "User")
    names = dict((kind + "Property", Property) for kind in kinds)
    module("google.appengine.ext.db", Model=Model, Key=Key, **names)
    webapp = dict((n, getattr(webapp2, n)) for n in ("RequestHandler", "WSGIApplication"))
    module("google.appengine.ext.webapp", **webapp)
    module("google.appengine.ext.webapp.template", render=render)
    module("google.appengine.ext.webapp.util", run_wsgi_app=run_wsgi_app)
    minutes = os.environ.get("TOKEN_MINUTES")
    if minutes:  # so that one who watches need not wait for two hours
        create = pushlab_channel.create_channel
        pushlab_channel.create_channel = lambda who, lasts=None: create(who, lasts or int(minutes))


# ---- the server ----------------------------------------------------------------------------------


class Handler(WSGIRequestHandler):
    def address_string(self):
        return self.client_address[0]  # and ask no name server

    def log_message(self, form, *values):
        sys.stderr.write(form % values + "\n")


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


def serving(application, static):
    def serve(environ, start_response):
        path = environ["PATH_INFO"].lstrip("/")
        if path.partition("/")[0] in static:
            if ".." in path or not os.path.isfile(path):
                start_response("404 Not Found", [])
                return []
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            start_response("200 OK", [("Content-Type", kind)])
            with open(path, "rb") as file:
                return [file.read()]
        with ONE_AT_A_TIME:
            asking.environ = environ
            return list(application(environ, start_response))

    return serve


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("script", help="MODULE.NAME, or a module that runs itself")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--static", action="append", default=[], help="a folder served as it is")
    asked = parser.parse_args()
    os.environ["SERVER_SOFTWARE"] = "Development/1.0"
    sys.path.insert(0, os.getcwd())
    install()
    name, _, inside = asked.script.partition(".")
    loaded = __import__(name)
    if inside:
        application = getattr(loaded, inside)
    else:
        loaded.main()
        application = ran[0]
    served = serving(application, asked.static)
    make_server("127.0.0.1", asked.port, served, Server, Handler).serve_forever()


if __name__ == "__main__":
    main()
