"""All benchmarks: each part compares what it times, then times it in turns.

    python -m pip install --group comparison
    python benchmarks/run.py
    python benchmarks/run.py --polls POLLS --hours HOURS --timezones ZONES --all

Without files, a set is generated from a seed. `--parts` runs some of them, `--all` also
those that take minutes and gigabytes, and `--quick` tries them with data so tiny that
figures and verdicts mean nothing.
What is found goes to standard output and, with `--into FILE`, into a JSON file, where
it replaces what these parts found before on the same machine. From `results.json`,
`tables.py` and `docs/pictures/make_pictures.py` make the page of the documentation.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import data
import part
import uptime_core
from targets import TARGETS

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
SHORT = ("imports", "compare", "kernel", "hourly", "sample")
LONG = ("scaling", "year")
LIBRARIES = (
    *("uptime_core", "numpy", "duckdb", "polars"),
    *("pandas", "portion", "staircase", "traces"),
)


def main() -> None:
    """Run the parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", help="names between commas")
    parser.add_argument("--all", action="store_true", help="the long ones, too")
    parser.add_argument("--into", type=Path, help="a JSON file")
    options = part.options_of(parser)
    parts = options.parts.split(",") if options.parts else list(SHORT)
    if options.all and not options.parts:
        parts.extend(LONG)
    if options.quick and options.into and options.into.resolve() == RESULTS:
        parser.error(f"a trial's figures do not belong into {RESULTS.name}")
    if unknown := {*parts} - {*SHORT, *LONG}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    found = known(options.into)
    # As installers do: a script that runs once should not pay for the compiler.
    compileall.compile_dir(str(Path(uptime_core.__file__).parent), quiet=1)
    with tempfile.TemporaryDirectory() as name:
        words = part_options(options, options.folder or Path(name))
        for each in parts:
            print(f"== {each}", flush=True)
            result = Path(name) / f"{each}.json"
            command = [sys.executable, HERE / f"{each}.py", *words, "--json", result]
            if subprocess.run(list(map(str, command)), check=False).returncode:
                sys.exit(f"{each} failed")
            found["parts"][each] = json.loads(result.read_text(encoding="utf-8"))
            if options.into:
                text = json.dumps(found, indent=1) + "\n"
                options.into.write_text(text, encoding="utf-8")
    print("== targets")
    for target in TARGETS:
        if target.part in parts:
            figures = found["parts"][target.part]["figures"]
            if target.figure in figures:  # a trial does not find all
                print(target.line(figures[target.figure]))


def part_options(options: argparse.Namespace, folder: Path) -> list[object]:
    """The options of each part; the same files for all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [options.polls, options.hours, options.timezones]
    if None in files:
        files = [
            *data.generate(folder, options.shops, options.polls_a_shop, options.seed)
        ]
    words: list[object] = ["--folder", folder, "--seed", options.seed]
    for option, file in zip(("--polls", "--hours", "--timezones"), files, strict=True):
        words += [option, file]
    if options.rounds:
        words += ["--rounds", options.rounds]
    if options.quick:
        words.append("--quick")
    return words


def known(path: Path | None) -> dict[str, Any]:
    """What other parts found on this machine, or nothing yet."""
    machine = this_machine()
    if path is None or not path.exists():
        return {"machine": machine, "parts": {}}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if found["machine"] != machine:
        sys.exit(f"{path} has the figures of another machine; name another file")
    return found


def this_machine() -> dict[str, str | int | None]:
    """What figures depend on."""
    versions: dict[str, str | int | None] = {}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            versions[library] = None
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        ),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        **versions,
    }


def processor() -> str:
    """The processor's name, where the system says it."""
    info = Path("/proc/cpuinfo")
    fields: dict[str, str] = {}
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            field, _, value = line.partition(":")
            fields.setdefault(field.strip(), value.strip())
    name = fields.get("model name") or platform.processor() or "unknown"
    if "cpu family" in fields:
        name += f" (family {fields['cpu family']}, model {fields['model']})"
    return name


if __name__ == "__main__":
    main()
