"""The guide's pages: served to anybody, printed, and linked without a loose end."""

from __future__ import annotations

import re
import tomllib

import httpx
import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from api.cli.commands import app
from api.dashboard.files import POLICY
from api.guide.pages import NAMES, Page, every_page, read_page
from api.guide.rendering import anchor_of, as_html
from tests.architecture.sources import ROOT
from tests.unit.api.conftest import RunningApi


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_served_to_anybody_under_the_pages_policy(api: RunningApi, name: str) -> None:
    answer = httpx.get(f"{api.base}/guide/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert f"<title>{read_page(name).title}" in answer.text
    assert not re.search(r"\sstyle=|<style|javascript:|\son[a-z]+=|<script>", answer.text)


def test_the_first_page_is_where_the_guide_begins(api: RunningApi) -> None:
    first = httpx.get(f"{api.base}/guide")
    assert first.text == httpx.get(f"{api.base}/guide/{NAMES[0]}").text


def test_everything_that_a_page_loads_is_served(api: RunningApi) -> None:
    document = httpx.get(f"{api.base}/guide").text
    loaded = re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"', document)
    assert len(loaded) >= 4
    for path in loaded:
        assert httpx.get(api.base + path).status_code == 200, path


@pytest.mark.parametrize("path", ["/guide/none", "/guide/static/frame.html", "/guide/../app"])
def test_nothing_else_is_served(api: RunningApi, path: str) -> None:
    assert httpx.get(api.base + path).status_code == 404


def test_an_unknown_page_is_answered_with_those_there_are(api: RunningApi) -> None:
    detail = httpx.get(f"{api.base}/guide/manual").json()["detail"]
    assert all(name in detail for name in NAMES)


def _links(text: str) -> list[str]:
    tokens = [t for inline in MarkdownIt().parse(text) for t in inline.children or ()]
    return [str(token.attrGet("href")) for token in tokens if token.type == "link_open"]


def _anchors(page: Page) -> set[str]:
    return set(re.findall(r'<h\d id="([^"]+)"', as_html(page, every_page())))


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_place_in_the_guide(name: str) -> None:
    for link in _links(read_page(name).text):
        file, _, place = link.partition("#")
        target = read_page(file.removesuffix(".md") or name)
        assert not place or place in _anchors(target), f"{name}: {link}"


def test_headings_are_unique_so_that_a_link_means_one_of_them() -> None:
    for page in every_page():
        headings = re.findall(r"^#{2,3} (.+)$", page.text, re.MULTILINE)
        assert len({anchor_of(each) for each in headings}) == len(headings), page.name


def test_links_between_files_become_links_between_pages() -> None:
    page = Page("tutorial", "# T\n\nSee [that](failures.md#one-thing), [this](other.txt).\n")
    document = as_html(page, every_page())
    assert 'href="/guide/failures#one-thing"' in document
    assert 'href="other.txt"' in document


def test_what_looks_like_a_tag_is_shown_and_not_obeyed() -> None:
    document = as_html(Page("tutorial", "# A <b>\n\nx <script>y</script>\n"), every_page())
    assert "<script>y" not in document
    assert "&lt;script&gt;" in document


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"(api/guide/{name}.md)" in readme for name in NAMES)


def test_pages_are_part_of_the_package() -> None:
    plain = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    kept = plain["tool"]["setuptools"]["package-data"]["*"]
    assert {"*.md", "*.html", "*.css", "*.js", "*.yaml"} <= set(kept)


def test_the_command_lists_the_pages_and_prints_one() -> None:
    listed = CliRunner().invoke(app, ["guide"])
    assert [line.split()[0] for line in listed.output.splitlines()] == list(NAMES)
    printed = CliRunner().invoke(app, ["guide", "tutorial"])
    assert printed.output.strip() == read_page("tutorial").text.strip()


def test_the_command_says_which_pages_there_are() -> None:
    failed = CliRunner().invoke(app, ["guide", "manual"])
    assert "tutorial, failures, reference" in str(failed.exception)
