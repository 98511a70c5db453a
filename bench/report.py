"""The report: a table on the terminal, JSON, and a page with plots."""

import datetime as dt
import html
import json
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pygal
from pygal.style import CleanStyle
from rich.console import Console
from rich.table import Table

from .figure import Figure
from .load import tool
from .stand import CORES, MEASURED, PROJECT, REST

RESULTS = Path(__file__).parent / "results"


def conditions(*, quick: bool) -> dict[str, Any]:
    """Return the conditions under which the figures were measured."""
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=PROJECT, capture_output=True, text=True
    ).stdout.strip()
    libraries = ("django", "granian", "uvloop", "daphne", "channels", "celery", "redis", "psycopg2-binary", "gunicorn",
                 "uvicorn")  # fmt: skip
    return {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "revision": revision,
        "quick": quick,
        "machine": f"{platform.machine()}, {len(CORES)} cores, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": tool(),
        "cores": f"measured on {MEASURED}; load, PostgreSQL and Valkey on {REST}, unless a figure says otherwise",
        "libraries": {name: version(name) for name in libraries},
    }


def show(figures: Sequence[Figure], told: dict[str, Any]) -> None:
    """Print the table."""
    table = Table(title=f"Urna {told['revision']}: {told['machine']}, load from {told['load']}; {told['cores']}")
    for column in ("figure", "measured", "ceiling", "ratio", "to reach", ""):
        table.add_column(column, justify="right" if column in ("measured", "ceiling", "ratio") else "left")
    for one in figures:
        mark = {True: "reached", False: "missed", None: ""}[one.reached]
        table.add_row(one.name, *numbers(one), one.goal, mark)
    Console(width=150).print(table)


def write(figures: Sequence[Figure], told: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write JSON and the page; return the page's path."""
    folder.mkdir(exist_ok=True)
    name = "quick" if told["quick"] else "full"
    found = {"conditions": told, "figures": [one.as_dict() for one in figures]}
    (folder / f"{name}.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    page = folder / f"{name}.html"
    page.write_text(_page(figures, told))
    return page


def numbers(one: Figure) -> tuple[str, str, str]:
    """Return what was measured, the ceiling and the ratio, as text."""
    ceiling = "" if one.ceiling is None else f"{one.ceiling:,.4g} {one.unit}"
    return f"{one.value:,.4g} {one.unit}", ceiling, "" if one.ratio is None else f"{one.ratio:.2f}"


def _page(figures: Sequence[Figure], told: dict[str, Any]) -> str:
    sections = []
    for one in figures:
        measured, ceiling, ratio = numbers(one)
        chart = ""
        if one.ceiling is not None:
            bars = pygal.HorizontalBar(
                style=CleanStyle, height=150, width=720, legend_at_bottom=True, show_x_guides=False, js=[]
            )
            bars.add("measured", one.value)
            bars.add("ceiling", one.ceiling)
            chart = bars.render(is_unicode=True, disable_xml_declaration=True)
        facts = [
            ("measured", measured),
            ("ceiling", f"{ceiling} ({one.ceiling_name})" if ceiling else "none"),
            ("ratio", ratio),
            ("to reach", f"{one.goal}: {'reached' if one.reached else 'missed'}" if one.goal else ""),
            ("", one.note),
        ]
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>" for name, text in facts if text
        )
        sections.append(f"<section><h2>{html.escape(one.name)}</h2>{chart}<table>{rows}</table></section>")
    conditions_rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>" for name, value in told.items()
    )
    return _PAGE.format(conditions=conditions_rows, sections="\n".join(sections))


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Urna: the benchmark</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #1d2523 }}
th {{ text-align: left; vertical-align: top; padding-right: 1rem; font-weight: 600 }}
section {{ border-top: 1px solid #cfd8d5; margin-top: 2rem }}
svg {{ max-width: 100%; height: auto }}
</style>
<h1>Urna: the benchmark</h1>
<p>Each figure stands beside its ceiling from the same run on the same machine; the ratio is what can be compared
between machines, the absolute values cannot.</p>
<table>{conditions}</table>
{sections}
</html>
"""
