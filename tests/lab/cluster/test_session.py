import subprocess
import sys

import pytest

from pushlab.errors import MissingExtra, SetupError, UsageError
from pushlab.lab.cluster import versions
from pushlab.lab.cluster.session import open_cluster
from pushlab.lab.scenario.placing import ClusterRoles
from pushlab.lab.scenario.stored import without_scheduler
from tests.lab.cluster.dask_cluster import dask_cluster, of_pushlab, until_gone
from tests.ports import free_port

pytest.importorskip("distributed", reason="Dask is not installed")


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    with dask_cluster(tmp_path_factory.mktemp("dask")) as cluster:
        cluster.workers = [cluster.add("server"), cluster.add("load"), cluster.add("load")]
        yield cluster


@pytest.mark.parametrize(
    ("address", "told"),
    [("scheduler:8786", "neither a scheduler's address"), ("tcp://", "neither"), ("", "neither")]
    + [(f"local:{many}", "from 1 to 64") for many in ("", "0", "65", "two", "-1", "²")],
)
async def test_an_address_that_is_none_is_refused(address, told):
    with pytest.raises(UsageError, match=told):
        async with open_cluster(address, ClusterRoles()):
            pass


async def test_a_missing_extra_is_told_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"pip install 'pushlab\[cluster\]'"):
        async with open_cluster("local:2", ClusterRoles()):
            pass


async def test_nobody_at_the_address_is_told(monkeypatch):
    monkeypatch.setattr("pushlab.lab.cluster.session._CONNECT_S", 0.5)
    with pytest.raises(SetupError, match="no Dask scheduler answers") as told:
        async with open_cluster(f"tcp://127.0.0.1:{free_port()}", ClusterRoles()):
            pass
    assert "\n" not in str(told.value)


def test_without_a_cluster_dask_is_not_loaded():
    code = (
        "import sys, pushlab.cli, pushlab.commands.compare, pushlab.lab.runner\n"
        "found = {name.partition('.')[0] for name in sys.modules}\n"
        "found &= {'dask', 'distributed', 'redis'}\n"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_run_s_command_line_names_no_host():
    assert without_scheduler(["pushlab", "compare", "--cluster", "tls://lab7.example:8786"]) == [
        *("pushlab", "compare", "--cluster"),
        "tls://SCHEDULER:8786",
    ]
    assert without_scheduler(["--cluster=tcp://10.0.0.1"]) == ["--cluster=tcp://SCHEDULER"]
    assert without_scheduler(["--cluster", "local:4"]) == ["--cluster", "local:4"]


async def test_other_versions_are_refused_by_name(dask, monkeypatch):
    address = await dask.up()
    told = {"numpy": "0.1", "msgspec": "0.2"}
    plain = versions.importlib.metadata.version
    # Not at the workers: what they call is the same function, in a process of their own.
    monkeypatch.setattr(versions, "_here", lambda name: told.get(name) or plain(name))
    with pytest.raises(SetupError, match=r"worker-1, and 0.2 here \(and \d more differences\)"):
        async with open_cluster(address, ClusterRoles()):
            pass
    monkeypatch.setattr(versions, "_here", plain)
    monkeypatch.setattr(versions, "source_digest", lambda: "another")
    with pytest.raises(SetupError, match="source"):
        async with open_cluster(address, ClusterRoles()):
            pass


async def test_a_process_there_is_as_one_here_and_ends_with_the_session(dask, tmp_path):
    async with open_cluster(await dask.up(), ClusterRoles(server="server")) as cluster:
        placement = await cluster.placement()
        place = placement.server
        assert place.shares_clock
        assert place.shares_processes
        assert place.machine["python"] == cluster.machines[place.label]["python"]
        assert "127.0.0.1" not in str(cluster.machines)
        process = await place.spawn("pushlab.lab.workers.swarm_process")
        process.stdin.write(b'{"id": 1, "do": "nothing", "with": {}}\n')
        assert b'"error"' in await process.stdout.readline()
        process.kill()
        assert await process.wait() == -9
        other = await place.spawn("pushlab.lab.workers.swarm_process")
        other.stdin.close()
        assert await other.wait() == 0
        folder = await place.folder()
        await place.send(b"y" * 20_000_000, f"{folder}/rows")
        await place.bring(folder, tmp_path)
        assert (tmp_path / "rows").read_bytes() == b"y" * 20_000_000
        with pytest.raises(SetupError, match="No such file"):
            await place.read("/nowhere/at/all", 0, 10)
        assert not place.why_lost
        await place.spawn("pushlab.lab.workers.swarm_process")
        there = [one for worker in dask.workers for one in of_pushlab(worker)]
        assert len(there) == 1 + len(placement.all)  # and an agent at each
    await until_gone(there)


async def test_a_label_that_nobody_has_is_told(dask):
    async with open_cluster(await dask.up(), ClusterRoles(swarm="gpu")) as cluster:
        with pytest.raises(SetupError, match="'gpu'"):
            await cluster.placement()


@pytest.mark.soak
async def test_who_has_lost_its_runner_ends_what_it_hosts(dask):
    """The runner is killed: nobody says goodbye, and nothing of it is left on any worker."""
    code = (
        "import asyncio, sys\n"
        "from pushlab.lab.cluster.session import open_cluster\n"
        "from pushlab.lab.scenario.placing import ClusterRoles\n"
        "async def main():\n"
        "    async with open_cluster(sys.argv[1], ClusterRoles()) as cluster:\n"
        "        await cluster.placement()\n"
        "        print('placed', flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    runner = subprocess.Popen(  # noqa: ASYNC220 - it is waited for at once
        [sys.executable, "-c", code, await dask.up()], stdout=subprocess.PIPE
    )
    assert runner.stdout.readline() == b"placed\n"
    there = [one for worker in dask.workers for one in of_pushlab(worker)]
    assert there
    runner.kill()
    runner.wait()
    runner.stdout.close()
    await until_gone(there)


@pytest.mark.soak
async def test_dask_s_own_configuration_encrypts(tmp_path):
    trustme = pytest.importorskip("trustme", reason="certificates are made with trustme")
    import dask.config

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued = authority.issue_cert("127.0.0.1")
    for pem in issued.cert_chain_pems:
        pem.write_to_path(str(tmp_path / "cert.pem"), append=True)
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    told = {"require-encryption": True, "tls.ca-file": str(tmp_path / "ca.pem")}
    for role in ("scheduler", "worker", "client"):
        told[f"tls.{role}.cert"] = str(tmp_path / "cert.pem")
        told[f"tls.{role}.key"] = str(tmp_path / "key.pem")
    told = {f"distributed.comm.{key}": value for key, value in told.items()}
    environment = {
        f"DASK_{key.upper().replace('.', '__').replace('-', '_')}": str(value)
        for key, value in told.items()
    }
    with (
        dask_cluster(tmp_path, protocol="tls", **environment) as cluster,
        dask.config.set(told),
    ):
        cluster.add()
        address = await cluster.up()
        assert address.startswith("tls://")
        async with open_cluster(address, ClusterRoles()) as there:
            assert (await there.placement()).server.machine["cores"]
