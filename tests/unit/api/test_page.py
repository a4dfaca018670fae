"""The page's files: all there, all ours, small, and under a policy that lets nothing else in."""

from __future__ import annotations

import gzip
import re

import cramjam
import httpx
import pytest

from api.dashboard.files import POLICY, STATIC, as_sent
from api.dashboard.libraries import FILES, read_libraries
from tests.unit.api.conftest import RunningApi

FILES_OF_OURS = sorted(path for path in STATIC.rglob("*") if path.is_file())
SCRIPTS = [path for path in FILES_OF_OURS if path.suffix == ".js"]
BUDGET = 150_000


def fetch(api: RunningApi, path: str, **headers: str) -> httpx.Response:
    return httpx.get(api.base + path, headers=headers)


def test_the_page_needs_no_token_and_lets_nothing_foreign_in(api: RunningApi) -> None:
    answer = fetch(api, "/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy == POLICY
    assert "unsafe" not in policy
    assert "http" not in policy


def test_what_a_browser_has_is_not_sent_again(api: RunningApi) -> None:
    first = fetch(api, "/ui/main.js")
    again = fetch(api, "/ui/main.js", **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/ui/none.js", "/lib/none.js", "/ui/../app.py", "/ui/%2e%2e/app"])
def test_only_files_of_the_page_are_served(api: RunningApi, path: str) -> None:
    assert fetch(api, path).status_code == 404


def test_the_libraries_are_served(api: RunningApi) -> None:
    for name in FILES:
        answer = fetch(api, f"/lib/{name}")
        assert answer.status_code == 200, answer.text
        assert "javascript" in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
    ],
)
def test_a_file_is_packed_as_the_browser_takes_it(
    api: RunningApi, accepted: str, coding: str | None
) -> None:
    with httpx.stream("GET", f"{api.base}/ui/main.js", headers={"accept-encoding": accepted}) as it:
        assert it.headers.get("content-encoding") == coding
        sent = b"".join(it.iter_raw())
    unpack = {"br": lambda given: bytes(cramjam.brotli.decompress(given)), "gzip": gzip.decompress}
    assert unpack.get(coding or "", bytes)(sent) == as_sent(STATIC / "main.js")


def test_of_a_script_only_lines_of_comment_are_left_out() -> None:
    for script in SCRIPTS:
        plain, sent = script.read_text(encoding="utf-8"), as_sent(script).decode()
        pairs = list(zip(plain.splitlines(), sent.splitlines(), strict=True))
        assert all(was == is_ or was.lstrip().startswith("//") for was, is_ in pairs), script.name


def test_the_scripts_stay_within_their_budget(api: RunningApi) -> None:
    names = [f"/ui/{path.relative_to(STATIC).as_posix()}" for path in SCRIPTS]
    names += [f"/lib/{name}" for name in FILES]
    with httpx.Client(base_url=api.base, headers={"accept-encoding": "br"}) as client:
        total = 0
        for name in names:
            with client.stream("GET", name) as answer:
                total += sum(len(part) for part in answer.iter_raw())
    assert total <= BUDGET


def test_every_import_leads_to_a_file() -> None:
    libraries = {f"/lib/{name}" for name in FILES}
    for script in SCRIPTS:
        for target in re.findall(r'from "([^"]+)"', script.read_text(encoding="utf-8")):
            if target.startswith("/lib/"):
                assert target in libraries, f"{script.name} imports {target}"
            else:
                assert (script.parent / target).is_file(), f"{script.name} imports {target}"


def test_the_libraries_import_nothing_that_is_not_served() -> None:
    found = read_libraries(lambda _line: None)
    for name, content in found.items():
        for target in re.findall(rb'from"([^"]+)"', content):
            folder = name.rpartition("/")[0]
            path = re.sub(r"[^/]+/\.\./", "", f"{folder}/{target.decode()}".replace("/./", "/"))
            assert path.removeprefix("./").strip("/") in found, f"{name} imports {target!r}"


def test_nothing_is_loaded_from_elsewhere_and_nothing_is_inline() -> None:
    for path in FILES_OF_OURS:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://", text), path.name
        assert not re.search(r"\sstyle=|<style|javascript:|\son[a-z]+=", text), path.name


def test_no_script_is_waited_for_before_it_is_asked_for() -> None:
    asked = re.findall(r'modulepreload" href="([^"]+)"', (STATIC / "index.html").read_text())
    ours = {f"/ui/{path.relative_to(STATIC).as_posix()}" for path in SCRIPTS}
    assert set(asked) == ours | {f"/lib/{name}" for name in FILES if name != "chart.js"}


def luminance(color: str) -> float:
    """Return the relative luminance of ``#rrggbb``, as WCAG 2.2 defines it."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


STYLE = (STATIC / "style.css").read_text(encoding="utf-8")
THEMES = [
    dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})\b", block))
    for block in re.findall(r":root[^{]*\{([^}]*)\}", STYLE)
]
STATES = ["healthy", "degraded", "failing", "quarantined", "maintenance", "offline"]


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_marks_have_the_contrast_of_wcag_aa(theme: dict[str, str]) -> None:
    for ground in (theme["surface"], theme["ground"]):
        for name in ("ink", "ink-2", "ink-3", "accent", "past", *(f"{s}-ink" for s in STATES)):
            assert contrast(theme[name], ground) >= 4.5, name
        for name in (*STATES, "line-strong"):
            assert contrast(theme[name], ground) >= 3.0, name


def test_dark_is_the_same_whether_chosen_or_the_systems() -> None:
    assert len(THEMES) == 3
    assert THEMES[1] == THEMES[2]
