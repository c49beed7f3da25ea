"""Makes a site of pages that are plain CommonMark, and of the docstrings.

The pages can be read where the repository is kept, so they have no directives. What a
site needs beyond them follows from what they say:

- The lists of `index.md` are the navigation; above them the site has the README.
- Links to the README, the changelog and the notebook lead to their pages.
- The sections of `reference/api.md` each have a page with the docstrings of the names
  that they list; code like ``Report.to_csv`` in a page is a link there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import jupytext
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.ext.intersphinx import resolve_reference_detect_inventory
from sphinx.transforms import SphinxTransform

import type_names
import uptime_core

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

DOCS = Path(__file__).parent
ROOT = DOCS.parent
GENERATED = DOCS / "generated"
PAGES = {
    ROOT / "README.md": DOCS / "index.md",
    ROOT / "CHANGELOG.md": GENERATED / "changelog.md",
    ROOT / "examples" / "notebook.py": GENERATED / "notebook.ipynb",
}
LINK = re.compile(r"(?<=\]\()([^)#:\s]+)")
SECTION = re.compile(r"^## (.+)\n((?:.+\n|\n(?!## ))*)", re.MULTILINE)
ALIAS = re.compile(r"TypeAliasForwardRef\('([~.\w]+)'\)")
NUMPY = {"np": "numpy", "npt": "numpy.typing"}
LISTED = re.compile(r"^- \[[^\]]+\]\(([^)]+)\)", re.MULTILINE)
WITHOUT_LINKS = (pending_xref, nodes.reference, nodes.title)
NAME = re.compile(r"`(uptime_core\.[\w.]+|\w+)")


def relinked(text: str, source: Path, page: Path) -> str:
    """The text of a file with its links as they are on a page of the site."""

    def link(found: re.Match[str]) -> str:
        target = (source.parent / found[1]).resolve()
        there = PAGES.get(target, target)
        return os.path.relpath(there, page.parent) if target.exists() else found[1]

    return LINK.sub(link, text)


def read_page(app: Sphinx, name: str, text: list[str]) -> None:
    """Change the text of a page before it is parsed."""
    page = Path(app.env.doc2path(name))
    if page.suffix == ".md" and page.parent != GENERATED:
        text[0] = relinked(text[0], page, page)
    if name == "index":
        readme = ROOT / "README.md"
        app.env.note_dependency(str(readme))
        lists = SECTION.sub(with_navigation, text[0][text[0].index("\n## ") :])
        text[0] = relinked(readme.read_text("utf-8"), readme, page) + lists
    elif name == "reference/api":
        pages = "\n".join(f"/generated/{slug(title)}" for title in names_by_section())
        hidden = f"```{{toctree}}\n:hidden:\n\n{pages}\n/generated/types\n```\n"
        text[0] = SECTION.sub(with_details, text[0]) + hidden


def with_navigation(section: re.Match[str]) -> str:
    """A list of links, which is a part of the navigation, too."""
    pages = "\n".join(LISTED.findall(section[2]))
    return (
        f"{section[0]}\n```{{toctree}}\n:hidden:\n:caption: {section[1]}\n\n"
        f"{pages}\n```\n\n"
    )


def slug(title: str) -> str:
    """The name of the page of a section."""
    return title.lower().replace(",", "").replace(" ", "-")


def with_details(section: re.Match[str]) -> str:
    """A section of the overview, with a link to its docstrings, if it has any."""
    title, text = section.groups()
    if title not in names_by_section():
        return section[0]
    link = f"{{doc}}`All of it, with every method </generated/{slug(title)}>`"
    return f"## {title}\n\n{link}\n{text}"


def names_by_section() -> dict[str, list[str]]:
    """The public names under the sections of the overview that name them first.

    Names of other modules than the package itself are written in full.
    """
    overview = (DOCS / "reference" / "api.md").read_text("utf-8")
    left = dict.fromkeys(uptime_core.__all__)
    found: dict[str, list[str]] = {}
    sections = [found.groups() for found in SECTION.finditer(overview)]
    for heads in (True, False):  # the names of the entries first
        for title, text in sections:
            lines = [
                line for line in text.splitlines() if line.startswith("- ") or not heads
            ]
            for name in NAME.findall("\n".join(lines)):
                elsewhere = heads and name.startswith("uptime_core.")
                if name in left or elsewhere:
                    left.pop(name, None)
                    found.setdefault(title, []).append(name)
    if left:
        raise ValueError(f"reference/api.md does not name {', '.join(left)}")
    return found


def directive(name: str) -> str:
    """What documents a public name."""
    elsewhere = name.startswith("uptime_core.")
    value = resolve_name(name if elsewhere else f"uptime_core.{name}")
    if not callable(value):
        return f".. autodata:: {name}\n   :no-value:\n"
    if not isinstance(value, type):
        return f".. autofunction:: {name}\n"
    kind = "exception" if issubclass(value, Exception) else "class"
    lines = [f".. auto{kind}:: {name}"]
    if any(is_public(base.__name__) for base in value.__bases__):
        lines.append("   :show-inheritance:")
    if hasattr(value, "_fields"):  # they are in its docstring
        lines.append(f"   :exclude-members: {', '.join(value._fields)}")
    return "\n".join([*lines, ""])


def generate(_: Sphinx) -> None:
    """Write the pages that are made of other files, if they have changed."""
    GENERATED.mkdir(exist_ok=True)
    pages = {}
    for title, names in names_by_section().items():
        lines = [title, "=" * len(title), "", ".. currentmodule:: uptime_core", ""]
        pages[f"{slug(title)}.rst"] = "\n".join([*lines, *map(directive, names)])
    pages["types.rst"] = type_names.page()
    changelog = ROOT / "CHANGELOG.md"
    pages["changelog.md"] = relinked(
        changelog.read_text("utf-8"), changelog, GENERATED / "changelog.md"
    )
    pages["notebook.ipynb"] = notebook_page(ROOT / "examples" / "notebook.py")
    for name, text in pages.items():
        path = GENERATED / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    for path in GENERATED.iterdir():
        if path.name not in pages:
            path.unlink()


def notebook_page(script: Path) -> str:
    """A notebook that is run as if it lay in the folder of its script."""
    text = relinked(script.read_text("utf-8"), script, GENERATED / "notebook.ipynb")
    start = f'# %% tags=["remove-cell"]\n%cd -q {script.parent}\n\n'
    notebook = jupytext.reads(start + text, "py:percent")
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # not another one for each build
    text = jupytext.writes(notebook, "ipynb")
    return str(text)


class LinkedNames(SphinxTransform):
    """Makes links of public names that a page shows as code."""

    default_priority = 400

    def apply(self, **_: object) -> None:
        """Wrap each such name in a reference."""
        for code in list(self.document.findall(nodes.literal)):
            text = code.astext().partition("(")[0]
            if isinstance(code.parent, WITHOUT_LINKS) or not is_public(text):
                continue
            reference = pending_xref(
                "",
                refdomain="py",
                reftype="obj",
                reftarget=f"uptime_core.{text}",
                refdoc=self.env.docname,
                refwarn=True,
            )
            code.replace_self(reference)
            reference += code


def is_public(text: str) -> bool:
    """Whether a text is a public name, or that and an attribute of it."""
    name, _, attribute = text.partition(".")
    if name not in uptime_core.__all__:
        return False
    value = getattr(uptime_core, name)
    return not attribute or (attribute.isidentifier() and hasattr(value, attribute))


def named_types(*event: object) -> tuple[str | None, str | None]:
    """A signature in which autodoc has not garbled the names of types."""
    signature, result = (
        None if part is None else ALIAS.sub(r"\1", str(part)) for part in event[-2:]
    )
    return signature, result


def public_bases(*event: object) -> None:
    """Shows no class as a base that has no page of its own."""
    bases = event[-1]
    assert isinstance(bases, list)  # noqa: S101  # as Sphinx has it
    bases[:] = [base for base in bases if is_public(base.__name__)]


def numpy_in_full(
    _: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.TextElement
) -> nodes.reference | None:
    """A link of a name that the package shortens."""
    short, dot, name = node["reftarget"].partition(".")
    node["reftarget"] = NUMPY.get(short, short) + dot + name
    return resolve_reference_detect_inventory(env, node, text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect all of this."""
    app.connect("builder-inited", generate)
    app.connect("source-read", read_page)
    app.connect("autodoc-process-signature", named_types)
    app.connect("autodoc-process-bases", public_bases)
    app.connect("missing-reference", numpy_in_full, priority=900)
    app.add_transform(LinkedNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
