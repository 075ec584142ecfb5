"""How many trials an answer takes, and how small a difference some trials can show."""

__all__ = ["MOST_TRIALS", "POWER", "reach_of", "trials_for"]

#: The chance with which a difference that is there is to be seen, unless another is asked for.
POWER = 0.8
#: Nobody makes more trials than this for one answer: it is as good as never.
MOST_TRIALS = 1_000


def reach_of(freedom: float, chance: float) -> float:
    """How many standard errors Student's t exceeds with that (one-sided) chance."""
    from scipy.special import stdtrit  # here: a summary that is stored is shown without SciPy

    return float(stdtrit(freedom, 1 - chance))


def trials_for(
    distance: float,
    spread: float,
    *,
    chance: float,
    power: float = POWER,
    freedom: float = 1.0,
    least: int = 3,
) -> int | None:
    """About how many trials a side it takes to see that something is `distance` away.

    Args:
        distance: what is to be told from nothing, in the unit of `spread`.
        spread: the standard deviation of what one trial (of each side) says.
        chance: of a false alarm, on the side that is asked about.
        power: the chance to see it.
        freedom: the degrees of freedom that each trial after the first adds, 1 to 2.
        least: the smallest answer.

    Returns:
        None if not even `MOST_TRIALS` would do.
    """
    if distance <= 0:
        return None
    import numpy as np
    from scipy.special import stdtrit

    trials = np.arange(max(least, 2), MOST_TRIALS + 1)
    free = freedom * (trials - 1)
    reach = stdtrit(free, 1 - chance) + stdtrit(free, power)
    enough = np.flatnonzero(reach * spread / np.sqrt(trials) <= distance)
    return int(trials[enough[0]]) if len(enough) else None
