"""A Mosquitto as its operator runs it: with the dynamic-security plug-in and an administrator."""

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from pushlab.brokers import _probe as probe
from pushlab.brokers.mosquitto import find_mosquitto
from pushlab.contract.broker_access import BrokerAccess
from tests.patience import PATIENCE_S
from tests.ports import free_port


def plug_in() -> Path | None:
    """Mosquitto's plug-in, where it is installed."""
    name = "mosquitto_dynamic_security.so"
    folders = [Path("/usr/lib"), *sorted(Path("/usr/lib").glob("*-linux-*")), Path("/usr/lib64")]
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def rules(username, password):
    """The plug-in's first state: one administrator, and nothing allowed to anybody else."""
    topics = ("#", "$CONTROL/dynamic-security/#", "$SYS/#")
    kinds = ("publishClientSend", "publishClientReceive", "subscribePattern")
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
    admin = {
        "username": username,
        "roles": [{"rolename": "admin"}],
        "password": base64.b64encode(digest).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": 101,
    }
    acls = [{"acltype": k, "topic": t, "allow": True} for k in kinds for t in topics]
    denied = {"publishClientSend": False, "subscribe": False}
    allowed = {"publishClientReceive": True, "unsubscribe": True}
    return {
        "defaultACLAccess": denied | allowed,
        "clients": [admin],
        "roles": [{"rolename": "admin", "acls": acls}],
    }


@contextlib.asynccontextmanager
async def foreign_broker(*, certificate=None, state=rules):
    """One that runs: how its administrator reaches it."""
    found, plugin = find_mosquitto(), plug_in()
    port = free_port()
    password = secrets.token_urlsafe(16)
    authority = None if certificate is None else certificate.authority
    access = BrokerAccess(
        "remote", "127.0.0.1", port, "admin", password, certificate is not None, authority
    )
    folder = Path(tempfile.mkdtemp())
    (folder / "rules.json").write_text(json.dumps(state("admin", password)))
    lines = [f"listener {port} 127.0.0.1"]
    if certificate is not None:
        keyfile = certificate.keyfile or certificate.certfile
        lines += [f"certfile {certificate.certfile}", f"keyfile {keyfile}"]
    lines += ["allow_anonymous false", f"plugin {plugin}"]
    lines += [f"plugin_opt_config_file {folder / 'rules.json'}"]
    if os.geteuid() == 0:
        lines.append("user root")
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    process = await asyncio.create_subprocess_exec(
        *(found.program, "-c", str(folder / "mosquitto.conf")),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await probe.log_in(access, limit_s=PATIENCE_S, alive=lambda: process.returncode is None)
        yield access
        assert process.returncode is None, "Mosquitto died"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        shutil.rmtree(folder)
