"""Pictures of results, as SVG and PNG: charts for other pages, and cards for previews of links.

What draws them is loaded when the first one is asked for: most servers of results never draw one.
"""


class Busy(Exception):
    """So many pictures are being drawn that another one has to wait."""
