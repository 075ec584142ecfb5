"""What `pushlab serve` serves beside a hub: its pages, or the client's scripts alone."""

import re
from pathlib import Path

from pushlab.hub.app import Site, SiteMaker
from pushlab.hub.core import Hub
from pushlab.hub.process import HubConfig
from pushlab.web.scripts import ScriptSite
from pushlab.wire.certificate import Certificate

__all__ = ["site_maker"]

_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.S)


def site_maker(config: HubConfig, *, pages: bool) -> SiteMaker:
    """Makes the site of a hub with this configuration."""

    def make(hub: Hub) -> Site:
        if not pages:
            return ScriptSite()
        # Here and not above: a hub without pages needs none of it.
        from pushlab.web.site import WebSite

        certificate = config.certificate
        return WebSite(hub, authority=None if certificate is None else _public(certificate))

    return make


def _public(certificate: Certificate) -> str:
    """The certificates of the file, without the key that may be there too."""
    text = Path(certificate.certfile).read_text("latin-1")
    return "\n".join(_CERTIFICATE.findall(text))
