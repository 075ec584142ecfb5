"""Five ways to carry one contract: a file each, with both ends of its wire.

Users reach them by name, through `pushlab.contract.registry`; nothing imports them directly.
"""
