"""Placement on a Dask cluster: processes of a trial on its workers, told what to do by lines."""
