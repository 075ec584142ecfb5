"""pushlab measures and teaches polling versus push: one contract, five transports, one lab."""

__version__ = "0.1.0"
__all__ = ["__version__"]
