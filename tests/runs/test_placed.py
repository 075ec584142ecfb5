from pushlab.runs.placed import hosts_of, placed_words, worker_words

ROLES = {"hub": ["worker-1"], "publisher": ["worker-2"], "swarm": ["worker-3", "worker-4"]}


def test_who_ran_where_is_said_once_where_it_was_the_same():
    trials = [{"order": 0, "places": ROLES}, {"order": 1, "places": ROLES}]
    words = "hub on worker-1, publisher on worker-2, swarm on worker-3 and worker-4"
    assert placed_words(trials) == [words]
    later = {"order": 2, "places": {**ROLES, "swarm": ["worker-4"]}}
    assert placed_words([later, *trials]) == [
        f"{words} (trials 1 and 2)",
        "hub on worker-1, publisher on worker-2, swarm on worker-4 (trial 3)",
    ]


def test_runs_on_one_machine_and_older_ones_say_nothing():
    assert placed_words([{"order": 0}, {"order": 1, "places": {}}, "damaged"]) == []
    assert (hosts_of({}), worker_words({})) == (0, {})


def test_workers_are_told_by_their_machines():
    about = {"host": "host-1", "processor": "A", "cores": 2, "kernel": "Linux 6", "python": "P 3"}
    environment = {"workers": {"worker-1": about, "worker-2": about, "worker-3": {}}}
    assert hosts_of(environment) == 2
    assert worker_words(environment)["worker-1"] == "host-1, A, 2 cores, Linux 6, P 3"
