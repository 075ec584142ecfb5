import subprocess
import sys

from pushlab.lab.host import process_tree
from pushlab.lab.host.process_tree import TreeWatch


def test_descendants_that_start_behind_the_first_look_are_soon_seen(monkeypatch):
    now_s = 100.0
    monkeypatch.setattr(process_tree.time, "monotonic", lambda: now_s)
    code = (
        "import subprocess, sys; print('alone', flush=True); sys.stdin.readline()\n"
        "below = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)\n"
        "print(below.pid, flush=True); sys.stdin.readline(); below.communicate(b'end')"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as parent:
        assert parent.stdout.readline() == "alone\n"
        watch = TreeWatch(parent.pid)
        assert watch.pids() == [parent.pid]
        parent.stdin.write("go on\n")
        parent.stdin.flush()
        below = int(parent.stdout.readline())
        now_s += 0.21
        assert watch.pids() == [parent.pid, below]
        parent.communicate("end\n")
