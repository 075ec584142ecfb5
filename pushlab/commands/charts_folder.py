"""Where a command that prints a table draws its charts, made before the table is printed."""

from pathlib import Path

__all__ = ["charts_folder"]


def charts_folder(
    out: Path | None, run: Path | None, *, wanted: bool, as_json: bool
) -> Path | None:
    """The folder for charts, which is there now; None where none are drawn.

    Args:
        out: the folder that was named, if one was.
        run: the run's; charts go into it unless all is printed as JSON.

    Raises:
        SetupError: it cannot be made, or is a file.
    """
    if out is None and run is not None and not as_json:
        out = run / "charts"
    if not wanted or out is None:
        return None
    from pushlab.charts.frame import make_folder  # a table needs no matplotlib

    make_folder(out)
    return out
