"""Tables: what they hold (`model`) and how a terminal or a pipe gets them (`terminal`)."""

from pushlab.tables.model import NOTHING, Cell, Column, Row, Show, Table

__all__ = ["NOTHING", "Cell", "Column", "Row", "Show", "Table"]
