"""Reading: a file or a page of the web as a text that becomes a document."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from anyio import to_thread

from one_mcp.dimensions.knowledge.documents.drafts import MediaType
from one_mcp.errors import TextFileError
from one_mcp.jsons import JsonObject
from one_mcp.providers import web
from one_mcp.services.exchange.folders import SUFFIXES as MARKDOWN
from one_mcp.services.exchange.places import Reach
from one_mcp.texts import files, front_matter, html, outline

HTML = (".html", ".htm", ".xhtml")


@dataclass(frozen=True, slots=True)
class Text:
    """A text with what it says of itself; `source` is the URI that it came from."""

    title: str | None
    text: str
    media_type: MediaType
    source: str
    language: str | None


async def from_file(path: str, reach: Reach) -> Text:
    """Read a file of text: Markdown without its front matter, HTML as Markdown, others as they are.

    Raises ForbiddenError for what may not be read, and TextFileError for what is no text.
    """
    return await to_thread.run_sync(_file, path, reach)


async def from_url(url: str, *, allowed: web.Allowed = web.is_public) -> Text:
    """Fetch a page and read it as a file of its type.

    `source` is the URL that was given: where it redirects to may hold what expires, or is secret.
    Raises FetchError, and TextFileError where there is no text in the page.
    """
    page = await web.fetch(url, allowed=allowed)
    return await to_thread.run_sync(_page, page, url)


def _file(path: str, reach: Reach) -> Text:
    spot = reach.find(path).real()
    try:
        return _read(files.read(spot.open), spot.path.suffix.lower(), spot.path.as_uri())
    except TextFileError as error:
        raise error.within(spot.name) from error


def _page(page: web.WebPage, url: str) -> Text:
    suffix = PurePosixPath(urlsplit(page.url).path).suffix.lower()
    if page.media_type in web.HTML:
        suffix = HTML[0]
    elif page.media_type in ("text/markdown", "text/x-markdown"):
        suffix = MARKDOWN[0]
    elif page.media_type != "text/plain" or suffix not in MARKDOWN:  # raw files are often plain
        suffix = ""
    return _read(page.text, suffix, url)


def _read(whole: str, suffix: str, source: str) -> Text:
    if suffix in MARKDOWN:
        text = _markdown(whole, source)
    elif suffix in HTML:
        page = html.reduce(whole)
        text = Text(page.title, page.text, "text/markdown", source, page.language)
    else:
        text = Text(None, whole.strip("\n").rstrip(), "text/plain", source, None)
    if not text.text:
        raise TextFileError("There is no text in it.")
    return text


def _markdown(whole: str, source: str) -> Text:
    fields, body = front_matter.split(whole)
    return Text(
        _word(fields, "title", "name") or outline.read(body).title,
        body.strip("\n").rstrip(),
        "text/markdown",
        source,
        _word(fields, "language", "lang"),
    )


def _word(fields: JsonObject, *names: str) -> str | None:
    """Read the first of some fields that is a text."""
    given = (fields.get(name) for name in names)
    words = (str(value) for value in given if isinstance(value, str | int | float))
    return next((" ".join(word.split()) for word in words if word.strip()), None)
