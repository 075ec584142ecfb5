"""What a teacher makes of the course: students' own copies, a course for nbgrader, paper."""

__all__: list[str] = []
