"""The ledger of presence: no lone "disconnected", and in the end the true state is told."""

from hypothesis import given
from hypothesis import strategies as st

from pushlab.hub.presence.ledger import PresenceLedger

ANN, BOB = ("room", "ann"), ("room", "bob")


def fail(ledger, key, *, doubtful=False):
    ledger.begin(key)
    return ledger.fail(key, doubtful=doubtful)


def settle(ledger, key):
    ledger.begin(key)
    return ledger.settle(key)


def test_what_happens_while_a_notice_is_on_its_way_is_told_one_by_one():
    ledger = PresenceLedger()
    assert ledger.note(ANN, True)
    ledger.begin(ANN)
    assert not ledger.note(ANN, False)
    assert not ledger.note(ANN, True)
    told = [ledger.next(ANN)]  # it is being told: nothing to begin
    assert ledger.settle(ANN)
    while ANN in ledger:
        told.append(ledger.next(ANN))
        settle(ledger, ANN)
    assert told == [None, False, True]
    assert ledger.told == {ANN}


def test_a_client_that_came_and_went_unheard_is_not_told_of():
    ledger = PresenceLedger()
    ledger.note(ANN, True)
    assert fail(ledger, ANN)
    assert not ledger.note(ANN, False)
    assert ANN not in ledger
    assert ledger.superseded == 1


def test_a_client_that_was_perhaps_told_of_is_told_of_whole():
    ledger = PresenceLedger()
    ledger.note(ANN, True)
    fail(ledger, ANN, doubtful=True)
    ledger.note(ANN, False)
    assert ledger.next(ANN) is True
    assert settle(ledger, ANN)
    assert ledger.next(ANN) is False
    assert not settle(ledger, ANN)
    assert ledger.told == set()


def test_a_client_that_left_is_told_of_alone_where_the_other_handler_is_broken():
    ledger = PresenceLedger()
    ledger.note(ANN, True)
    assert ledger.note(BOB, True)
    for key in (ANN, BOB):
        ledger.begin(key)
    ledger.note(BOB, False)
    assert ledger.fail(ANN, doubtful=True, broken=True)
    assert ledger.fail(BOB, doubtful=True, broken=True)
    assert (ledger.next(ANN), ledger.next(BOB)) == (True, False)  # for as long as it is true
    assert ledger.note(ANN, False)  # at once
    assert ledger.next(ANN) is False
    assert not settle(ledger, ANN)
    assert ledger.note(ANN, True)
    settle(ledger, BOB)
    fail(ledger, ANN, doubtful=True)
    ledger.note(ANN, False)
    assert ledger.next(ANN) is True  # once it is found to be broken:
    assert ledger.give_up() == [ANN]
    assert ledger.next(ANN) is False


def test_a_client_that_is_back_before_its_going_was_told_is_told_of_only_if_that_is_in_doubt():
    for doubtful in (False, True):
        ledger = PresenceLedger()
        ledger.note(ANN, True)
        settle(ledger, ANN)
        ledger.note(ANN, False)
        fail(ledger, ANN, doubtful=doubtful)
        assert ledger.note(ANN, True) == doubtful  # another handler's, and at once
        assert (ANN in ledger) == doubtful


def test_a_client_that_flaps_before_a_slow_application_takes_little_room():
    ledger = PresenceLedger()
    ledger.note(ANN, True)
    ledger.begin(ANN)
    for _ in range(1000):
        ledger.note(ANN, False)
        ledger.note(ANN, True)
    told = 0
    more = ledger.settle(ANN)
    while more:
        more = settle(ledger, ANN)
        told += 1
    assert told <= 8
    assert ledger.told == {ANN}
    assert ledger.superseded == 2000 - told


def test_what_does_not_fit_is_found_again_when_there_is_room():
    ledger = PresenceLedger(most_open=2)
    keys = [("room", str(number)) for number in range(5)]
    ledger.note(ANN, True)
    settle(ledger, ANN)
    for key in keys:
        ledger.note(key, True)
    ledger.note(ANN, False)
    assert ledger.overflown
    assert not ledger.roomy
    told = set()
    while ledger.overflown or len(ledger):
        if ledger.overflown and ledger.roomy:
            ledger.reconcile(keys)
        for key in [key for key in [*keys, ANN] if key in ledger]:
            told.add((key, ledger.next(key)))
            settle(ledger, key)
    assert ledger.told == set(keys)
    assert told == {*((key, True) for key in keys), (ANN, False)}


@given(
    st.lists(
        st.one_of(
            st.sampled_from([ANN, BOB]),  # comes or goes
            st.tuples(st.sampled_from([ANN, BOB]), st.just("begin")),
            st.tuples(st.sampled_from([ANN, BOB]), st.sampled_from(["heard", "lost", "maybe"])),
        ),
        max_size=60,
    ),
    st.randoms(use_true_random=False),
)
def test_the_last_state_told_is_the_true_one_and_nobody_goes_who_never_came(steps, chance):
    ledger = PresenceLedger()
    present, hears, under_way = set(), {ANN: [], BOB: []}, {}

    def end(key, outcome):
        connected = under_way.pop(key)
        if outcome == "heard" or (outcome == "maybe" and chance.random() < 0.5):
            hears[key].append(connected)
        if outcome == "heard":
            ledger.settle(key)
        else:
            ledger.fail(key, doubtful=outcome == "maybe")

    for step in steps:
        if step in hears:
            present ^= {step}
            ledger.note(step, step in present)
        elif step[1] == "begin":
            connected = ledger.next(step[0])
            if connected is not None:
                under_way[step[0]] = connected
                ledger.begin(step[0])
        elif step[0] in under_way:
            end(*step)
    for key in hears:  # and then the application answers
        if key in under_way:
            end(key, "heard")
        while key in ledger:
            under_way[key] = ledger.next(key)
            ledger.begin(key)
            end(key, "heard")
    assert len(ledger) == 0
    assert ledger.told == present
    for key, states in hears.items():
        assert states[:1] != [False], "a lone disconnected"
        assert (states[-1] if states else False) == (key in present)
