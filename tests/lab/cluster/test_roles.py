import pytest

from pushlab.errors import SetupError
from pushlab.lab.cluster.roles import Roles, WorkerSeen, choose_roles
from pushlab.lab.scenario.placing import ClusterRoles


def workers(*told, host="10.0.0.{}"):
    return [
        WorkerSeen(f"tcp://w{number}", host.format(number), dict.fromkeys(labels.split(), 1.0))
        for number, labels in enumerate(told, 1)
    ]


def at(*numbers):
    return [f"tcp://w{number}" for number in numbers]


@pytest.mark.parametrize(
    ("count", "server", "publisher", "swarm"),
    [(1, 1, 1, [1]), (2, 1, 2, [2]), (3, 1, 2, [3]), (5, 1, 2, [3, 4, 5])],
)
def test_each_role_has_a_worker_of_its_own_while_they_last(count, server, publisher, swarm):
    found = choose_roles(workers(*[""] * count), ClusterRoles())
    assert found == Roles(*at(server, publisher), at(*swarm))


def test_labels_say_who_may_do_what():
    there = workers("load", "load", "big", "load big")
    found = choose_roles(there, ClusterRoles(server="big", publisher="load", swarm="load"))
    assert found == Roles(*at(3, 1), at(2, 4))
    found = choose_roles(there, ClusterRoles(server="big", publisher="big", swarm="big"))
    assert found == Roles(*at(3, 4), at(4))


def test_a_label_that_nobody_has_is_told_by_its_key():
    with pytest.raises(SetupError, match=r"resource 'gpu' \(cluster.swarm\)"):
        choose_roles(workers("", ""), ClusterRoles(swarm="gpu"))
    with pytest.raises(SetupError, match="no worker is left"):
        choose_roles([], ClusterRoles())


def test_workers_of_one_machine_share_no_role_while_another_machine_is_free():
    there = [
        WorkerSeen("tcp://a1", "a", {}),
        WorkerSeen("tcp://a2", "a", {}),
        WorkerSeen("tcp://b1", "b", {}),
    ]
    assert choose_roles(there, ClusterRoles()).publisher == "tcp://b1"
