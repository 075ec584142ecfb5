"""The course: what its notebooks call, so that a cell is a question and not plumbing."""
