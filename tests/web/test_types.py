"""The front end's types, as `tsc --checkJs` reads them from the JSDoc."""

import shutil
import subprocess

import pytest

from tests.web.live_site import WEB


def test_the_front_end_is_sound_to_the_type_checker():
    own = WEB / "node_modules" / ".bin" / "tsc"
    tsc = str(own) if own.exists() else shutil.which("tsc")
    if tsc is None:
        pytest.skip("tsc is not installed (make web, which needs npm)")
    checked = subprocess.run(
        [tsc, "--project", str(WEB / "tsconfig.json")], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout[-4_000:]
