"""With which certificate servers encrypt: the hub, and the broker that is started beside it."""

import ssl
from dataclasses import dataclass

from pushlab.errors import UsageError

__all__ = ["Certificate"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files in PEM, and whom to trust for them.

    Attributes:
        certfile: the server's certificate, with the chain behind it.
        keyfile: its private key; None: it is in `certfile`.
        authority: the certificate to trust, as PEM text; None: those that machines trust anyway.
    """

    certfile: str
    keyfile: str | None = None
    authority: str | None = None

    def server_context(self) -> ssl.SSLContext:
        """A context to serve with.

        Raises:
            UsageError: the files cannot be read, or do not fit each other.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        files = self.certfile if self.keyfile is None else f"{self.certfile} and {self.keyfile}"
        try:
            # A key with a password would make OpenSSL ask for it on the terminal.
            context.load_cert_chain(self.certfile, self.keyfile, password=lambda: "")
        except ssl.SSLError as error:
            reason = error.reason or "no certificate and key that fit each other, in PEM"
            raise UsageError(f"cannot serve TLS with {files}: {reason}") from error
        except OSError as error:
            raise UsageError(f"cannot serve TLS with {files}: {error.strerror}") from error
        return context
