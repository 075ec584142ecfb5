"""Several processes as one: sums, and what one that ended has used stays."""

import asyncio
import sys

from pushlab.lab.host.process_group import GroupWatch
from pushlab.lab.host.process_sampler import ProcessWatch, sample_rows
from tests.patience import until

_SPIN = "import time\nwhile time.process_time() < 0.05: pass\nprint(flush=True); time.sleep(600)"


async def test_the_sum_of_two_and_of_the_one_that_is_left() -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", _SPIN, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]
    try:
        for one in processes:
            assert one.stdout is not None
            await one.stdout.readline()
        members = [ProcessWatch(one.pid, f"hub {at}") for at, one in enumerate(processes, 1)]
        group = GroupWatch(members, "hub")
        group.sample("measuring")
        used_s = group.used_cpu_s()
        assert used_s is not None
        assert used_s >= 0.1
        assert used_s >= sum(one.used_cpu_s() or 0.0 for one in members) - 1e-3
        group.add_up()
        for what in ("rss_bytes", "open_descriptors"):
            assert group.held[what] == sum(one.held[what] for one in members) > 0
        rows = sample_rows([group], {"hub": [[1, 5]], "hub 2": [[1, 7]]})
        assert rows["process"] == ["hub", "hub 1", "hub 2"]
        assert rows["loop_lag_ns"] == [5, None, 7]
        assert rows["cpu_s"][0] >= rows["cpu_s"][1] + rows["cpu_s"][2]

        processes[0].kill()
        await processes[0].wait()
        await until(lambda: members[0].used_cpu_s() is None)
        group.sample("draining")
        group.add_up()
        assert [row[1] for row in group.samples] == ["measuring", "draining"]
        assert group.samples[1][3] >= group.samples[0][3]
        left_s = group.used_cpu_s()
        assert left_s is not None
        assert left_s >= used_s
        processes[1].kill()
        await processes[1].wait()
        await until(lambda: group.used_cpu_s() is None)
        group.sample("draining")
        group.add_up()
        assert len(group.samples) == 2
    finally:
        for one in processes:
            if one.returncode is None:
                one.kill()
                await one.wait()
