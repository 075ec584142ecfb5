"""Drawing for the course: SVG made by hand, the same in a notebook, a slide and a browser's tab.

Nothing here needs more than Python itself, since reading mode has no matplotlib.
"""
