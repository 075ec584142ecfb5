"""The proxies of docs/deploy.md, started with its own configuration in front of `pushlab serve`.

What differs from the page is said here, and is nothing but ports, paths, time-outs and how a
server is kept in the foreground; a text that is to be replaced and is not there is an error.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.patience import PATIENCE_S
from tests.ports import free_port

PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"
PREFIX = "/hub"
API_KEY = "the-application's-secret"
#: Proxy to the language of its block on the page.
PROXIES = {"nginx": "nginx", "caddy": "caddyfile", "haproxy": "haproxy"}


def block(language: str, page: Path = PAGE) -> str:
    """The configuration in that language, as the page has it."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    assert len(found) == 1, f"{page.name} has {len(found)} blocks of {language}"
    return str(found[0])


def changed(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, f"the page no longer says {old!r}"
        text = text.replace(old, new)
    return text


@dataclass
class Proxy:
    """A running proxy with TLS on loopback.

    Attributes:
        url: by which clients reach the hub behind it.
        log: of its accesses.
    """

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}{PREFIX}"

    def reload(self) -> None:
        """Take the configuration again, as an administrator does after a change."""
        self.process.send_signal(signal.SIGHUP if self.name == "nginx" else signal.SIGUSR2)


def _nginx(folder: Path, hub: str, listen: str, silence_s: int) -> tuple[list[str], Path]:
    log = folder / "access.log"
    server = changed(
        block("nginx"),
        {
            "127.0.0.1:8000": hub,
            "listen 443 ssl": f"listen {listen} ssl",
            "/etc/ssl/push.example.pem": f"{folder}/cert.pem",
            "/etc/ssl/push.example.key": f"{folder}/cert.pem",
            "/var/log/nginx/pushlab.log": str(log),
            "/var/log/nginx/pushlab-error.log": f"{folder}/error.log",
            "proxy_read_timeout 150s": f"proxy_read_timeout {silence_s}s",
        },
    )
    return nginx_command(folder, server), log


def nginx_command(folder: Path, server: str) -> list[str]:
    """What starts nginx in the foreground with this `server`, all its files in `folder`."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/start.log;\n"
        f"events {{ worker_connections 1024; }}\nhttp {{ access_log off;\n{paths}\n{server} }}\n"
    )
    return ["nginx", "-p", str(folder), "-e", f"{folder}/e.log", "-c", f"{folder}/nginx.conf"]


def _caddy(folder: Path, hub: str, listen: str, silence_s: int) -> tuple[list[str], Path]:
    log, pem = folder / "access.log", folder / "cert.pem"
    site = changed(
        block("caddyfile"),
        {
            "push.example {": f"https://localhost:{listen.rpartition(':')[2]} {{\n tls {pem} {pem}",
            "127.0.0.1:8000": hub,
            "/var/log/caddy/pushlab.log": str(log),
        },
    )
    (folder / "Caddyfile").write_text(
        f"{{\n admin off\n auto_https disable_redirects\n default_bind 127.0.0.1\n}}\n{site}"
    )
    return ["caddy", "run", "--adapter", "caddyfile", "--config", f"{folder}/Caddyfile"], log


def _haproxy(folder: Path, hub: str, listen: str, silence_s: int) -> tuple[list[str], Path]:
    config = changed(
        block("haproxy"),
        {
            "127.0.0.1:8000": hub,
            "bind :443": f"bind {listen}",
            "/etc/haproxy/push.example.pem": f"{folder}/cert.pem",
            "timeout client 150s": f"timeout client {silence_s}s",
            "timeout server 150s": f"timeout server {silence_s}s",
            "timeout tunnel 150s": f"timeout tunnel {silence_s}s",
            "maxconn 40000": "maxconn 1000",
        },
    )
    (folder / "haproxy.cfg").write_text(config)
    return ["haproxy", "-db", "-W", "-f", f"{folder}/haproxy.cfg"], folder / "output.log"


_COMMANDS = {"nginx": _nginx, "caddy": _caddy, "haproxy": _haproxy}


@contextlib.contextmanager
def running_proxy(
    name: str,
    *,
    hub: str,
    folder: Path,
    certificate: bytes,
    silence_s: int,
    port: int | None = None,
    host: str = "127.0.0.1",
) -> Iterator[Proxy]:
    """The page's proxy in front of the hub at `hub` (``host:port``).

    Args:
        certificate: chain and key in PEM, for localhost.
        silence_s: after which it cuts, in place of the page's 150 s (Caddy never does).
        host: where it listens; Caddy on loopback alone.
    """
    prepare(folder, certificate)
    port = port or free_port()
    command, log = _COMMANDS[name](folder, hub, f"{host}:{port}", silence_s)
    with running(name, command, folder=folder, port=port) as process:
        yield Proxy(name, port, process, log)


def prepare(folder: Path, certificate: bytes) -> None:
    """Make a proxy's folder with its certificate."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "cert.pem").write_bytes(certificate)


@contextlib.contextmanager
def running(
    name: str, command: list[str], *, folder: Path, port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """The proxy's process, once it listens."""
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    output = folder / "output.log"
    with output.open("wb") as to:
        process = subprocess.Popen(
            [str(shutil.which(command[0])), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=to,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
        )
    try:
        _until_it_listens(process, port, output)
        yield process
    finally:
        # Caddy would wait for connections to end; the others have children to end.
        process.kill() if name == "caddy" else process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_it_listens(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise AssertionError(f"it does not listen: {output.read_text('utf-8')}")


@contextlib.contextmanager
def serving(*flags: str, folder: Path) -> Iterator[str]:
    """`pushlab serve` with these flags, as a user starts it: its ``host:port``."""
    environment = {
        **os.environ,
        "PUSHLAB_API_KEY": API_KEY,
        "XDG_STATE_HOME": str(folder),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "pushlab", "serve", "--port", "0", *flags],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"hub on http://(\S+)", line):
                break
        else:
            raise AssertionError("pushlab serve did not start")
        yield found[1]
    finally:
        process.terminate()
        process.communicate()


def trusting(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority)
