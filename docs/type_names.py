"""The names of types that signatures show: made known to autodoc, and written out.

Modules import what only their annotations need for type checkers alone.
"""

from __future__ import annotations

import ast
import typing
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import uptime_core

# Where they are assigned. A signature shows these names instead of what they stand for.
HOMES = {
    "PollInput": "inputs",
    "HoursInput": "inputs",
    "TimezonesInput": "inputs",
    "PollRows": "inputs",
    "HoursRows": "inputs",
    "TimezoneRows": "inputs",
    "Rows": "one_shop",
    "TimeOfDay": "schedule",
    "StoreSelection": "request",
    "OnError": "rejects",
    "MissingHours": "policy",
    "Unit": "window",
    "Columns": "report_csv",
    "StrPath": "stores.line_blocks",
    "JournalMode": "sqlite_database",
    "ProgressCallback": "progress",
    "Phase": "progress",
    "ProgressUnit": "progress",
    "FindingKind": "inspection.findings",
    "Severity": "inspection.findings",
    "Clock": "clock",
    "Int64": "kernel.arrays",
    "Int32": "kernel.arrays",
    "UInt8": "kernel.arrays",
}
ALIASES = {
    **{name: name for name in HOMES},
    "Executor": "~concurrent.futures.Executor",
    "npt.ArrayLike": "~numpy.typing.ArrayLike",
}
IN_FULL = {
    "datetime": "datetime.datetime",
    "np": "numpy",
    "npt": "numpy.typing",
    "time": "datetime.time",
}


# Libraries that cannot be loaded as a type checker sees them.
LOADED_BEFORE = (
    *("attrs", "dateutil.tz", "numpy.typing", "sqlite3"),
    *("hypothesis.stateful", "pytest", "matplotlib.figure", "nanoarrow", "pandas"),
    *("polars", "pyarrow", "duckdb", "tqdm.auto"),
)


def load() -> None:
    """Import all modules of the package as a type checker sees them."""
    for name in LOADED_BEFORE:
        import_module(name)
    vars(typing)["TYPE_CHECKING"] = True
    try:
        for module in walk_packages(uptime_core.__path__, "uptime_core."):
            if module.name != "uptime_core.__main__":
                import_module(module.name)
    finally:
        vars(typing)["TYPE_CHECKING"] = False


def page() -> str:
    """What each name stands for, as reStructuredText."""
    lines = [
        "Names of types",
        "==============",
        "",
        ".. currentmodule:: uptime_core",
        "",
        "What signatures show; there is nothing to import.",
        "",
    ]
    for name, home in HOMES.items():
        lines += [f".. py:type:: {name}", f"   :canonical: {_written(name, home)}", ""]
    return "\n".join(lines)


def _written(name: str, home: str) -> str:
    """What is assigned to a name, on one line."""
    path = Path(uptime_core.__file__).parent.joinpath(*home.split("."))
    for node in ast.walk(ast.parse(path.with_suffix(".py").read_text("utf-8"))):
        match node:
            case ast.Assign([ast.Name(id=found)], value) if found == name:
                pass
            case ast.AnnAssign(ast.Name(id=found), _, value) if found == name:
                pass
            case _:
                continue
        if isinstance(value, ast.Constant):  # a type in quotes
            value = ast.parse(str(value.value), mode="eval").body
        if value is not None:
            for part in ast.walk(value):
                if isinstance(part, ast.Name):
                    part.id = IN_FULL.get(part.id, part.id)
            return ast.unparse(value)
    raise ValueError(f"uptime_core.{home} assigns nothing to {name}")
