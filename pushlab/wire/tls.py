"""Encryption at the client's end: whom to trust."""

import ssl

__all__ = ["client_context"]


def client_context(authority: str | None = None) -> ssl.SSLContext:
    """A context that checks the server's certificate and its name.

    Args:
        authority: a certificate in PEM to trust besides those that this machine trusts.
    """
    context = ssl.create_default_context()
    if authority is not None:
        context.load_verify_locations(cadata=authority)
    return context
