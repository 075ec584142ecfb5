"""A gate for continuous integration: measure, then fail when an objective is not met.

    python examples/ci_gate.py 'sse.latency_s.p95<250ms' 'lost==0'

The exit status is that of `pushlab check`: 0 met, 1 not met, 2 an objective that nobody can judge.
The run's folder stays; keep it as the build's artefact, its report.html tells why.
"""

import subprocess
import sys

OUT = "results/gate"
objectives = sys.argv[1:] or ["sse.latency_s.p95<250ms", "lost==0"]
pushlab = [sys.executable, "-m", "pushlab"]
compare = ["compare", "tiny", "--transports", "sse", "--rate", "100", "--no-charts"]
measured = subprocess.run([*pushlab, *compare, "--replace", OUT], check=False)
if measured.returncode:
    sys.exit(measured.returncode)
slos = [word for objective in objectives for word in ("--slo", objective)]
sys.exit(subprocess.run([*pushlab, "check", OUT, *slos], check=False).returncode)
