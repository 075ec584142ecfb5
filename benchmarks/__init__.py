"""pushlab beside its peers, doing the same work in one run: ``make bench``."""
