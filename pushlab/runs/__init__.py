"""A run's folder on disk: write, read, validate. Measuring and analysing meet here and nowhere else."""
