"""The original's script: what is known to differ is let stand, and nothing else is."""

import asyncio

import pytest

from conformance.model import NotRun
from conformance.original_script.suite import _SCENES, KNOWN, OriginalScript, verdict

SCENE, (OURS, _) = next(iter(KNOWN.items()))


def test_a_scene_is_as_the_original_or_as_is_known_or_wrong():
    theirs = {SCENE: ["onopen 1", "onclose 3", "onclose 3"], "another": ["onopen 1"]}
    known = verdict(SCENE, "sse", theirs, {SCENE: OURS.split("; ")})
    assert (known.word, known.seen) == ("known", OURS)
    assert verdict(SCENE, "sse", theirs, theirs).word == "right"
    assert verdict(SCENE, "sse", theirs, {SCENE: ["onopen 1"]}).worse
    assert verdict("another", "sse", theirs, {"another": OURS.split("; ")}).worse


def test_what_is_known_is_known_of_a_scene_that_is_there():
    text = _SCENES.read_text()
    assert [scene for scene in KNOWN if f'"{scene}": [' not in text] == []


def test_without_the_original_it_is_not_run(tmp_path):
    async def first():
        return await anext(OriginalScript(tmp_path).run(print))

    with pytest.raises(NotRun, match=r"dev-channel-js\.js"):
        asyncio.run(first())
