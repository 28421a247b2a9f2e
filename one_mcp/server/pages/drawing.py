"""Drawing: the pages as HTML, from files; whatever stands in a plan is text there, never HTML."""

import base64
import hashlib
import re
from functools import cache
from html import escape
from string import Template

from starlette.responses import HTMLResponse

from one_mcp import assets
from one_mcp.dimensions.operations import showing
from one_mcp.dimensions.operations.showing import EndShown, PlanShown
from one_mcp.texts import visible

FOREMOST = frozenset({"name", "buyer name", "holder name", "amount", "total", "currency", "wallet"})
_ASKED = (
    '<label for="passphrase">Your passphrase</label><input id="passphrase" name="passphrase"'
    ' type="password" autocomplete="off" autofocus required>'
)
_NONE_YET = (
    "<p>You have no passphrase yet. Set one in a terminal, with <code>one-mcp passphrase</code>,"
    " and open this link again.</p>"
)
_APPROVE = '<button class="yes" name="choice" value="approve">Approve</button>'


def plan(status: int, shown: PlanShown, problem: str, *, is_ready: bool) -> HTMLResponse:
    """Draw what a plan would do, and the form that decides on it."""
    main = [it for it in shown.details if it[0] in FOREMOST]
    return _page(
        status,
        "approval.html",
        headline=_headline(shown.headline),
        kind="soft" if shown.simulated else "real",
        reality=_text(shown.reality),
        notice=_problem(_seen_before(shown)),
        problem=_problem(problem),
        alike=_text(shown.alike or ""),
        main=_rows(main),
        details=_rows(shown.details),
        plan=_text(shown.plan),
        digest=_text(shown.digest),
        passphrase=_ASKED if is_ready else _NONE_YET,
        approve=_APPROVE if is_ready else "",
    )


def _seen_before(shown: PlanShown) -> str:
    if shown.alike is None:
        return ""
    return f"The same was asked for a moment ago: {shown.alike}. It would happen once more."


def _problem(text: str) -> str:
    return f'<p class="problem" id="problem" role="alert">{_text(text)}</p>' if text else ""


def end(status: int, shown: EndShown) -> HTMLResponse:
    """Draw how a plan ended; the page is loaded anew by itself until then."""
    return _page(
        status,
        "ended.html",
        refresh="" if shown.is_over else '<meta http-equiv="refresh" content="1">',
        headline=_headline(shown.headline),
        sentence=_text(shown.sentence),
        reality=_text(shown.reality),
        problem=_problem(shown.problem),
        details=_rows(shown.details),
        advice="You can close this page." if shown.is_over else "This page shows how it ends.",
    )


def message(status: int, title: str, text: str) -> HTMLResponse:
    """Draw a page that only says something."""
    return _page(status, "message.html", title=_text(title), text=_text(text))


def _rows(details: list[tuple[str, str]] | tuple[tuple[str, str], ...]) -> str:
    return "\n".join(
        f'<tr><th scope="row">{_text(label)}</th><td dir="auto">{_text(value)}</td></tr>'
        for label, value in details
    )


def _headline(text: str) -> str:
    """Draw a headline, each name of which has a direction of its own."""
    parts = re.split(f"[{showing.FIRST}{showing.LAST}]", text)
    return "".join(
        f"<bdi>{_text(part)}</bdi>" if at % 2 else _text(part) for at, part in enumerate(parts)
    )


def _text(text: str) -> str:
    return escape(visible.line(text))


def _page(status: int, name: str, **values: str) -> HTMLResponse:
    style = _file("page.css")
    html = Template(_file(name)).substitute(values, style=style)
    return HTMLResponse(html, status, _headers(style))


@cache
def _file(name: str) -> str:
    return assets.resources("pages", name).read_text(encoding="utf-8")


@cache
def _headers(style: str) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",  # with none at all a browser hides the Origin of the form
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
