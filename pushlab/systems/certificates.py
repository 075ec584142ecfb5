"""Certificates for a trial: fresh ones, signed by an authority that nobody else trusts."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pushlab.errors import MissingExtra
from pushlab.wire.certificate import Certificate

__all__ = ["fresh_certificate", "require_certificates"]

_NAMES = ("127.0.0.1", "localhost")


def require_certificates() -> None:
    """Check that certificates can be made here. Raises MissingExtra."""
    try:
        import trustme  # noqa: F401 - only a run with TLS needs it
    except ImportError as error:
        raise MissingExtra(
            "tls: certificates are made with trustme, which is not installed;"
            " pip install 'pushlab[tls]'"
        ) from error


@contextlib.contextmanager
def fresh_certificate(host: str = _NAMES[0]) -> Iterator[Certificate]:
    """A certificate for loopback and for `host`; its files are there while the body runs.

    The key is for us alone. Servers read them when they start, so nothing of it need be left when
    they have.
    """
    import trustme

    authority = trustme.CA()
    issued = authority.issue_cert(*dict.fromkeys([*_NAMES, host]))
    with tempfile.TemporaryDirectory(prefix="pushlab-tls-") as name:
        certfile, keyfile = Path(name) / "certificate.pem", Path(name) / "key.pem"
        certfile.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        with open(os.open(keyfile, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(issued.private_key_pem.bytes())
        trusted = authority.cert_pem.bytes().decode()
        yield Certificate(str(certfile), str(keyfile), trusted)
