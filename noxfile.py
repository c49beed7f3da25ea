"""The tests on every Python, with the oldest and the newest dependencies; the docs."""

from __future__ import annotations

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)

# The oldest releases that pyproject.toml admits, which the oldest Python gets; the
# others get the newest.
FLOORS = [
    *("attrs==23.2.0", "numpy==1.26.0", "python-dateutil==2.9.0", "tzdata==2024.1"),
    *("matplotlib==3.8.0", "nanoarrow==0.6.0", "pandas==2.2.0", "polars==1.20.0"),
    *("duckdb==1.4.0", "pyarrow==17.0.0", "pyparsing==3.1.0", "tqdm==4.66.0"),
]

nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "virtualenv"


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site; whatever does not resolve is an error."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "docs"), ".")
    session.run("sphinx-build", "-W", "--keep-going", "-E", "docs", "build/docs")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Test the built wheel, so that nothing is found in the source folder alone."""
    groups = ("test", "frames", "pictures")
    session.install(*nox.project.dependency_groups(PYPROJECT, *groups), ".")
    if session.python == PYTHONS[0]:
        session.install(*FLOORS)
    session.run("python", "-m", "pip", "check", silent=True)
    # The examples of a page build on each other: a file stays with one worker.
    options = ("-n", "auto", "--dist", "loadfile", "-q", "-p", "no:cacheprovider")
    # All kinds of tests, with fewer examples of each property: the README's command
    # has run more of them, and the tests marked `once`, on one Python.
    light = {"UPTIME_CORE_PROFILE": "light"}
    session.run("pytest", *options, "-m", "not once", *session.posargs, env=light)
