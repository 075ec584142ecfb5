"""Whether `pushlab gate` errs as seldom as it says: by simulation, and with real servers."""
