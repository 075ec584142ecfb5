import pytest

from pushlab.cli import main


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("persistent=yes", "'persistent=yes' is no setting such as persistent=true or qos=0"),
        ("persistent", "'persistent' is no setting such as"),
        ("persistent=7", "mqtt: persistent: must be true or false, not a number"),
        ("lasting=true", "mqtt has no option 'lasting'; its options:"),
    ],
)
def test_a_wrong_option_is_one_line(told, said, capsys, monkeypatch):
    monkeypatch.setattr("pushlab.systems.mosquitto.Mosquitto.missing", lambda self: "")
    try:
        status = main(["verify", "mosquitto", "--transports", "mqtt", "--set", told])
    except SystemExit as error:
        status = error.code
    assert status == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
