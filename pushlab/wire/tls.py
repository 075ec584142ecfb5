"""Encryption at the client's end: whom to trust."""

import ssl

__all__ = ["client_context"]


def client_context(authority: str | None = None) -> ssl.SSLContext:
    """A context that checks the server's certificate and its name.

    Args:
        authority: a certificate in PEM to trust; None trusts whom this machine trusts.
    """
    return ssl.create_default_context(cadata=authority)
