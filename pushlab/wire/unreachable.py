"""Why there is no connection, in words that say what to look at."""

import socket
import ssl

from pushlab.contract.subscriber import Endpoint

__all__ = ["why_unreachable"]


def why_unreachable(error: Exception, endpoint: Endpoint, within_s: float) -> str:
    """What an attempt to connect came to.

    Args:
        error: what it raised.
        within_s: how long it was allowed to take.
    """
    where = endpoint.authority
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{where} shows a certificate that is not to be trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"{where} does not speak TLS ({error.reason or error}): is it http, not https?"
    if isinstance(error, TimeoutError):
        return f"{where} takes no connection within {within_s:g} s: a firewall, or a wrong address"
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return f"nobody listens at {where}"
    if isinstance(error, socket.gaierror | ValueError):
        return f"no machine is known as {endpoint.host}"
    return f"no connection to {where}: {getattr(error, 'strerror', None) or error}"
