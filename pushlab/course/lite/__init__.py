"""The course as a site of files: it runs in a browser's tab, with nothing installed.

JupyterLite draws the notebooks and Pyodide runs their Python, both from the site's own files; it
loads nothing from another host. No server starts in a tab, so the course is read there: exercises
are judged, and what is measured elsewhere is shown as it was recorded.
"""
