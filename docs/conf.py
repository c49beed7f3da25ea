"""The documentation: sphinx-build -W -n docs build/docs."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import type_names
from uptime_core import __version__

type_names.load()

project = "uptime_core"
version = release = __version__
copyright = "the maintainers of uptime_core"  # noqa: A001  # as Sphinx calls it
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "plain_pages",
]
exclude_patterns = ["pictures", "static"]
nitpicky = True
default_role = "py:obj"
nitpick_ignore_regex = [
    # Classes of other libraries, and what any of their frames is taken for.
    ("py:class", r"(pandas|polars\..+|uptime_core\.frame_columns)\.DataFrame"),
    ("py:class", r"DataFrame|np\.str_"),
    # An alias of types.py within another type; it is written out on a page of its own.
    ("py:class", r"TypeAliasForwardRef"),
    # A lower-case word in single backticks may be a parameter, or a value.
    ("py:obj", r"[a-z_]+"),
    # What these return has a public name of its own: SnapshotLike.
    ("py:class", r"uptime_core\.(snapshot\.PollTotals|stores\..+\.SqliteSnapshot)"),
]

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_type_aliases = type_names.ALIASES
autodoc_preserve_defaults = True
add_module_names = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
python_maximum_signature_line_length = 80

# A build needs no network: these inventories name what is linked to, and no more.
intersphinx_mapping = {
    "python": ("https://docs.python.org/3", "inventories/python.inv"),
    "numpy": ("https://numpy.org/doc/stable", "inventories/numpy.inv"),
}

myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True

html_theme = "furo"
html_title = f"uptime_core {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
