"""Under which address a student's browser reaches a port of the machine that runs the notebook.

At home it is that machine. Under JupyterHub and Binder the browser sees Jupyter alone, and
jupyter-server-proxy carries a port below Jupyter's own path. Colab and GitHub's Codespaces give
each port a name.
"""

import importlib
import os
from importlib.util import find_spec

from pushlab.course.trouble import CourseError

__all__ = ["address"]

_HUB_PREFIX = "JUPYTERHUB_SERVICE_PREFIX"  # of a single user's server; Binder's too
_CODESPACE = ("CODESPACE_NAME", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN")
_COLAB = "COLAB_RELEASE_TAG"


def address(port: int) -> str:
    """The address of a port of this machine, for the browser that shows the notebook.

    It ends with ``/``. Below JupyterHub it has no host: it is a path of the page that asks.

    Raises:
        CourseError: Jupyter runs elsewhere, and nothing carries a port to the browser.
    """
    prefix = os.environ.get(_HUB_PREFIX)
    if prefix:
        if find_spec("jupyter_server_proxy") is None:
            raise CourseError(
                "your browser reaches only JupyterHub here, so a page of your own needs"
                " jupyter-server-proxy; ask for: pip install jupyter-server-proxy"
            )
        return f"{prefix.rstrip('/')}/proxy/{port}/"
    name, domain = (os.environ.get(each) for each in _CODESPACE)
    if name and domain:
        return f"https://{name}-{port}.{domain}/"
    if os.environ.get(_COLAB):
        colab = importlib.import_module("google.colab.output")
        told = colab.eval_js(f"google.colab.kernel.proxyPort({port})")
        return f"{str(told).rstrip('/')}/"
    return f"http://127.0.0.1:{port}/"
