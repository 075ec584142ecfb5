"""Encryption at the client's end: whom to trust."""

import ssl

__all__ = ["client_context"]


def client_context(authority: str | None = None, *, own: bool = False) -> ssl.SSLContext:
    """A context that checks the server's certificate and its name.

    Args:
        authority: a certificate in PEM to trust besides those that this machine trusts.
        own: whether the server is of this program and asked over the loopback, whose name need not
            stand in the certificate.
    """
    context = ssl.create_default_context()
    context.check_hostname = not own
    if authority is not None:
        context.load_verify_locations(cadata=authority)
    return context
