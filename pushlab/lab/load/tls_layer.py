"""TLS between a driver and its socket, over memory: every byte that it adds is counted.

The event loop's own TLS would hide from the driver what goes over the wire, and uvloop's keeps a
buffer of 256 KiB for each connection. Here TLS is a line like any other: above an emulated link
its handshake pays its round trips by itself.
"""

import ssl

from pushlab.lab.load.emulated_link import Layer
from pushlab.lab.load.recorder import Recorder
from pushlab.lab.load.virtual_subscriber import Connection

__all__ = ["TlsProtocol"]

_RECORD_BYTES = 16 * 1024  # the most that one TLS record holds (RFC 8446, section 5.1)


class TlsProtocol(Layer):
    """Encrypts what goes through it, and decrypts what comes.

    The connection above counts the bytes that it sends and gets; this line counts what encryption
    adds to them, so that together they are the bytes on the wire.

    Args:
        context: whom to trust.
        host: whose certificate it must be.
        recorder: where bytes are counted.
    """

    __slots__ = ("_closed", "_connection", "_in", "_out", "_ready", "_recorder", "_tls")

    def __init__(
        self, context: ssl.SSLContext, host: str, above: Connection, recorder: Recorder
    ) -> None:
        super().__init__(above)
        self._connection = above
        self._recorder = recorder
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        self._ready = False
        self._closed = False

    # ---- from below -------------------------------------------------------------------------

    def _open(self, _: None = None) -> None:
        """Begin the handshake, or go on with it."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._send()
        except ssl.SSLError as error:
            self._send()  # the alert that tells the server why
            self._fail(getattr(error, "verify_message", "") or error.reason or str(error))
        else:
            self._ready = True
            super()._open()  # what is sent above goes out with our last flight
            self._send()

    def data_received(self, data: bytes) -> None:
        """Decrypt what arrived."""
        self._recorder.bytes_in += len(data)
        if self._closed:
            return
        self._in.write(data)
        if not self._ready:
            self._open()
        try:
            while self._ready and not self._closed and self._in.pending:
                plain = self._tls.read(_RECORD_BYTES)
                if not plain:
                    self._above.eof_received()
                    return
                self._recorder.bytes_in -= len(plain)  # the connection above counts these
                self._above.data_received(plain)
        except ssl.SSLWantReadError:
            pass  # the rest of a record is on its way
        except ssl.SSLError:
            self.close()
            self._above.eof_received()

    def eof_received(self, _: None = None) -> None:
        """The server sends no more."""
        if self._ready:
            self._above.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        if self._ready:
            self._above.connection_lost(error)
        elif not self._closed:
            self._fail("the connection was lost in the TLS handshake")

    def _fail(self, reason: str) -> None:
        self._closed = True
        self._below.close()
        self._connection.connection_failed(f"TLS: {reason}")

    # ---- from above -------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Encrypt and send."""
        if not self._closed:
            self._tls.write(data)
            self._recorder.bytes_out -= len(data)  # the connection above counts these
            self._send()

    def close(self, _: None = None) -> None:
        """Say that nothing more will come, and close."""
        if not self._closed:
            self._closed = True
            try:
                self._tls.unwrap()
            except ssl.SSLError:
                pass  # it would wait for the server to say the same; nobody need
            self._send()
            self._below.close()

    def _send(self) -> None:
        data = self._out.read()
        if data:
            self._recorder.bytes_out += len(data)
            self._below.write(data)
