"""The publish log's room is taken before it is mapped: a full disk is told, and kills nobody."""

import resource

import pytest

from pushlab.errors import SetupError
from pushlab.lab.load.publish_log import _make_room, unnamed_file


def test_no_room_is_told_before_anything_is_mapped():
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with unnamed_file() as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
        try:
            with pytest.raises(SetupError, match=r"no room for the log .*, 5,000 bytes"):
                _make_room(file, 5_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        _make_room(file, 5_000)
        assert file.seek(0, 2) == 5_000
