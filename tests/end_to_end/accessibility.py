"""What a screen reader and weak eyes meet on a page, as its browser computes it."""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import Page

_NAMED: Final = frozenset(
    (
        *("link", "button", "textbox", "searchbox", "combobox", "checkbox", "slider"),
        *("listbox", "option", "image", "img", "region", "dialog", "table", "form", "navigation"),
    )
)
"""Roles that say nothing without a name."""
_WHOLE: Final = frozenset(("RootWebArea", "main"))
"""What has the focus after a change of view, and is named by its heading."""
_FAINT = """() => {
    const pen = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const bytes = (color) => {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = color;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data];
    };
    const over = ([r, g, b, a], below) =>
        [r, g, b].map((each, i) => each * a / 255 + below[i] * (1 - a / 255));
    const ground = (element) => {
        const layers = [];
        for (let each = element; each; each = each.parentElement)
            layers.unshift(bytes(getComputedStyle(each).backgroundColor));
        return layers.reduce((below, layer) => over(layer, below), bytes("Canvas").slice(0, 3));
    };
    const light = (color) => {
        const [r, g, b] = color.map((each) => each / 255)
            .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (a, b) => {
        const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
        return (high + 0.05) / (low + 0.05);
    };
    const seen = (element) => element.checkVisibility({checkOpacity: true})
        && !element.closest(".unseen, .skip, :disabled") && element.getClientRects().length;
    const faint = [];
    const judge = (element, color, needed, what) => {
        const below = ground(element), found = ratio(over(bytes(color), below), below);
        if (found < needed) faint.push(`${what} ${found.toFixed(2)} < ${needed} (${color})`);
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement, text = texts.currentNode.data.trim();
        if (!text || !seen(element)) continue;
        const {color, fontSize, fontWeight} = getComputedStyle(element);
        const size = parseFloat(fontSize);
        const large = size >= 24 || size >= 18.66 && fontWeight >= 700;
        judge(element, color, large ? 3 : 4.5, `text "${text.slice(0, 40)}"`);
    }
    for (const shape of document.querySelectorAll(".state svg *")) {
        const {fill, stroke} = getComputedStyle(shape);
        const color = fill === "none" ? stroke : fill, of = shape.closest(".state");
        if (seen(of)) judge(of, color, 3, `shape of "${of.textContent}"`);
    }
    for (const field of document.querySelectorAll("input:not([type=range]), select, textarea")) {
        const {borderBottomColor: color} = getComputedStyle(field);
        if (seen(field)) judge(field.parentElement, color, 3, `border of a ${field.localName}`);
    }
    return [...new Set(faint)];
}"""
"""WCAG 2.2 AA: text 1.4.3, shapes and borders of controls 1.4.11."""
_STRUCTURE = """() => {
    const wrong = [], ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
    if (new Set(ids).size < ids.length) wrong.push("an id stands twice");
    for (const name of ["aria-controls", "aria-labelledby", "aria-describedby",
                        "aria-activedescendant"])
        for (const each of document.querySelectorAll(`[${name}]`))
            if (!document.getElementById(each.getAttribute(name)))
                wrong.push(`${name} of ${each.outerHTML.slice(0, 60)} names nothing`);
    let before = 0;
    for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
        const level = Number(heading.localName[1]), text = heading.textContent.trim();
        if (level > before + 1) wrong.push(`h${level} "${text}" after h${before}`);
        before = level;
    }
    if (document.querySelectorAll("main h1").length !== 1) wrong.push("not one h1");
    for (const role of ["main", "nav", "header.top"])
        if (document.querySelectorAll(role).length < 1) wrong.push(`no ${role}`);
    for (const each of document.querySelectorAll("[tabindex]"))
        if (each.tabIndex > 0) wrong.push("a tabindex above nought");
    return wrong;
}"""


def complaints(page: Page) -> list[str]:
    """Return what is wrong with the page as it is now, in words; nothing if nothing is."""
    return [*_unnamed(page), *page.evaluate(_STRUCTURE), *page.evaluate(_FAINT)]


def _unnamed(page: Page) -> list[str]:
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [f"a {_value(node, 'role')} without a name" for node in nodes if _is_unnamed(node)]


def _is_unnamed(node: dict[str, Any]) -> bool:
    if node["ignored"] or _value(node, "name").strip():
        return False
    focusable = any(
        each["name"] == "focusable" and each["value"]["value"] for each in node["properties"]
    )
    return _value(node, "role") in _NAMED or (focusable and _value(node, "role") not in _WHOLE)


def _value(node: dict[str, Any], name: str) -> str:
    return str(node.get(name, {}).get("value", ""))
