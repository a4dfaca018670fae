"""Pages as HTML: headings that can be linked to, and a list of them."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from api.guide.pages import Page

_FRAME: Final = Path(__file__).with_name("static") / "frame.html"
_PAGE_LINK: Final = re.compile(r"^(?P<name>[a-z]+)\.md(?P<place>#.*)?$")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading below the page's own: where it is, and what it says."""

    anchor: str
    text: str


def anchor_of(text: str) -> str:
    """Return a heading's anchor as forges make it, so that one link works everywhere.

    Examples
    --------
    >>> anchor_of("Two `up` on one home")
    'two-up-on-one-home'
    """
    kept = re.sub(r"[^\w\- ]", "", text.strip().lower())
    return kept.replace(" ", "-")


def as_html(page: Page, pages: Sequence[Page]) -> str:
    """Return a whole document for `page`, with links to all of `pages`."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(page.text)
    headings = list(_anchored(tokens))
    _link_pages(tokens)
    return Template(_FRAME.read_text(encoding="utf-8")).substitute(
        title=html.escape(page.title),
        pages="".join(_link(each.name, each.title, page.name) for each in pages),
        contents="".join(_entry(heading) for heading in headings),
        body=markdown.renderer.render(tokens, markdown.options, {}),
    )


def _anchored(tokens: Sequence[Token]) -> list[Heading]:
    """Give every heading its anchor; return those of the second level."""
    found = []
    for token, content in itertools.pairwise(tokens):
        if token.type == "heading_open":
            heading = Heading(anchor_of(_words(content)), _words(content))
            token.attrSet("id", heading.anchor)
            if token.tag == "h2":
                found.append(heading)
    return found


def _words(inline: Token) -> str:
    return "".join(token.content for token in inline.children or ())


def _link_pages(tokens: Sequence[Token]) -> None:
    """Let links between the files lead between the served pages."""
    for token in tokens:
        if token.type == "link_open" and (found := _PAGE_LINK.match(str(token.attrGet("href")))):
            token.attrSet("href", f"/guide/{found['name']}{found['place'] or ''}")
        _link_pages(token.children or ())


def _link(name: str, title: str, current: str) -> str:
    here = ' aria-current="page"' if name == current else ""
    return f'<a href="/guide/{name}"{here}>{html.escape(title)}</a>'


def _entry(heading: Heading) -> str:
    return f'<li><a href="#{html.escape(heading.anchor)}">{html.escape(heading.text)}</a></li>'
