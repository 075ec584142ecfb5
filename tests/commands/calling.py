"""Calling a command in this process, as a user would in another."""

from pushlab.cli import main


def run(capsys, *arguments):
    """The exit status, and what was written to standard output and to standard error."""
    status = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out, err
