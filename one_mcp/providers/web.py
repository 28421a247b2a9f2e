"""The web: pages of public servers, fetched so that no URL leads into the caller's own network.

A name is resolved once. All its addresses have to be allowed, and the connection is made to one of
them, so that a second answer of the name server changes nothing. Each redirect is a new URL.
"""

import codecs
import re
import socket
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import TypeAlias

import anyio
import httpx2
from anyio import to_thread

from one_mcp import __version__
from one_mcp.errors import FetchError
from one_mcp.providers.addresses import Address, is_public

CONNECT_S, TOTAL_S = 10.0, 20.0
MOST_REDIRECTS = 5
MOST_ADDRESSES = 4  # of one name that are tried
LARGEST_BYTES = 8 * 1024**2
HTML = frozenset({"text/html", "application/xhtml+xml"})
_OTHER_TEXT = frozenset({"application/xhtml+xml", "application/json"})
_META_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset=[\"' ]{0,2}([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE
)
_META_WITHIN_BYTES = 4096
_PIECE_BYTES = 16 * 1024
# Those of the web (https://encoding.spec.whatwg.org), by Python's names. Others it knows are slow
# (ten seconds for 250 KB of punycode), or are none of text.
_ENCODINGS = frozenset(
    {
        *(f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)),
        *(f"cp{page}" for page in (866, 874, 932, 949, *range(1250, 1259))),
        *("ascii", "utf-8", "utf-16-le", "utf-16-be"),
        *("koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "tis-620"),
        *("big5", "big5hkscs", "gb2312", "gbk", "gb18030"),
        *("euc_jp", "iso2022_jp", "shift_jis", "euc_kr"),
    }
)
_LATER = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
Allowed: TypeAlias = Callable[[Address], bool]


@dataclass(frozen=True, slots=True)
class WebPage:
    """What a server answered: `media_type` without its parameters, in lower case."""

    url: str
    media_type: str
    text: str


async def fetch(url: str, *, allowed: Allowed = is_public) -> WebPage:
    """Fetch a page of text over http or https.

    `allowed` says which addresses may be connected to. Proxies of the environment are not used,
    since they would resolve the name again. Raises FetchError.
    """
    try:
        with anyio.fail_after(TOTAL_S):
            return await _follow(url, allowed)
    except TimeoutError as error:
        raise FetchError(
            f"The page did not arrive within {TOTAL_S:.0f} seconds.", retryable=True
        ) from error


async def _follow(url: str, allowed: Allowed) -> WebPage:
    here = _checked(url)
    context = await to_thread.run_sync(httpx2.create_ssl_context)
    for _ in range(MOST_REDIRECTS + 1):
        addresses = await _resolved(here, allowed)
        async with httpx2.AsyncClient(
            verify=context,
            trust_env=False,
            timeout=httpx2.Timeout(TOTAL_S, connect=CONNECT_S),
            headers={
                "User-Agent": f"one-mcp/{__version__}",
                "Accept": "text/markdown, text/html, text/*;q=0.9, application/json;q=0.8",
                "Accept-Encoding": "identity",  # what is unpacked may be any size
            },
        ) as client:
            try:
                answer = await _ask(client, here, addresses)
            except httpx2.HTTPError as error:
                reason = _shown(str(error)) or type(error).__name__
                raise FetchError(
                    f"{here.host} cannot be read from: {reason}.", retryable=True
                ) from error
        if isinstance(answer, WebPage):
            return answer
        here = _checked(answer)
    raise FetchError(
        f"The page redirects more than {MOST_REDIRECTS} times; give the URL that it ends at.",
    )


def _checked(url: str) -> httpx2.URL:
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise FetchError("That is no URL; give one such as https://example.com/page.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise FetchError(
            "Only http and https URLs are fetched, such as https://example.com/page.",
        )
    if parsed.userinfo:
        raise FetchError(
            "A URL with a user name or password is not fetched; give one without them.",
        )
    return parsed


async def _resolved(url: httpx2.URL, allowed: Allowed) -> list[Address]:
    """Resolve a name, once; raises FetchError unless all its addresses are allowed."""
    try:
        found = await anyio.getaddrinfo(
            url.raw_host.decode("ascii"), url.port or url.scheme, type=socket.SOCK_STREAM
        )
        addresses = list(dict.fromkeys(ip_address(sockaddr[0]) for *_, sockaddr in found))
    except (OSError, ValueError) as error:
        later = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        raise FetchError(
            f"The name {_shown(url.host)} cannot be resolved; check the URL.", retryable=later
        ) from error
    if not all(map(allowed, addresses)):
        raise FetchError(
            f"{_shown(url.host)} is not on the public internet; pages of private networks are not "
            "fetched. Save the page as a file, and add that.",
        )
    return addresses[:MOST_ADDRESSES]


async def _ask(
    client: httpx2.AsyncClient, url: httpx2.URL, addresses: list[Address]
) -> WebPage | str:
    """Return the page, or the URL that it redirects to."""
    response = await _connected(client, url, addresses)
    async with aclosing(response):
        if response.has_redirect_location:
            try:
                return str(url.join(response.headers["location"]))
            except (httpx2.InvalidURL, ValueError) as error:
                raise FetchError(f"{url.host} redirects to what is no URL.") from error
        _check(response, url.host)
        raw = await _read(response)
    media_type = _media_type(response)
    charset = _charset(response, media_type, raw)
    text = await to_thread.run_sync(_text, charset, raw)
    return WebPage(str(url.copy_with(fragment=None)), media_type, text)


async def _connected(
    client: httpx2.AsyncClient, url: httpx2.URL, addresses: list[Address]
) -> httpx2.Response:
    """Ask the first address that takes a connection, in the name's stead."""
    failure: httpx2.TransportError | None = None
    for address in addresses:
        request = client.build_request(
            "GET",
            url.copy_with(host=str(address)),
            headers={"Host": url.netloc.decode("ascii")},
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        try:
            return await client.send(request, stream=True, follow_redirects=False)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            failure = error
    raise failure or httpx2.ConnectError("it has no address")


def _check(response: httpx2.Response, host: str) -> None:
    """Raise FetchError unless the answer is text of a size that is taken."""
    status = response.status_code
    if not response.is_success:
        raise FetchError(
            f"{host} answered with status {status}.",
            status=status,
            retryable=status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        )
    media_type = _media_type(response)
    if not media_type.startswith("text/") and media_type not in _OTHER_TEXT:
        raise FetchError(
            f"The page is {_shown(media_type) or 'of no known type'}; text, HTML, Markdown and "
            "JSON are read. Export it as one of them, and add the file.",
            media_type=_shown(media_type),
        )
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchError(
            f"{host} sends its pages compressed only, which is not read; save the page as a file, "
            "and add that.",
        )
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > LARGEST_BYTES:
        raise _too_large()


async def _read(response: httpx2.Response) -> bytes:
    raw = bytearray()
    async for part in response.aiter_raw():
        raw += part
        if len(raw) > LARGEST_BYTES:
            raise _too_large()
    return bytes(raw)


def _text(charset: str | None, raw: bytes) -> str:
    """Decode as the server or the page says, else as UTF-8; a byte that is none becomes a mark.

    In pieces: a codec lets no other thread run, and wrong bytes take it a microsecond each.
    """
    decoder = codecs.getincrementaldecoder(_encoding(charset, raw))(errors="replace")
    pieces = (raw[at : at + _PIECE_BYTES] for at in range(0, len(raw), _PIECE_BYTES))
    text = "".join(map(decoder.decode, pieces)) + decoder.decode(b"", final=True)
    if "\0" in text:
        raise FetchError(
            "The page is binary, though its server calls it text; download it, and export it as "
            "Markdown, HTML or plain text.",
        )
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _charset(response: httpx2.Response, media_type: str, raw: bytes) -> str | None:
    said = response.charset_encoding
    if said is None and media_type in HTML:
        meta = _META_CHARSET.search(raw, 0, _META_WITHIN_BYTES)
        return meta[1].decode("ascii") if meta else None
    return said


def _encoding(charset: str | None, raw: bytes) -> str:
    for mark, name in _MARKS.items():
        if raw.startswith(mark):
            return name
    try:
        name = codecs.lookup(charset or "utf-8").name
    except (LookupError, ValueError):  # one that nobody knows, or that is no name
        name = "utf-8"
    name = "utf-16-le" if name == "utf-16" else name
    return name if name in _ENCODINGS else "utf-8"


def _media_type(response: httpx2.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _shown(text: str) -> str:
    """Make what others wrote fit to stand in a sentence: printable and short."""
    return "".join(each if each.isprintable() else "?" for each in text[:100])


def _too_large() -> FetchError:
    return FetchError(
        f"The page is larger than {LARGEST_BYTES:,} bytes, the most that is read; add a part of it "
        "as a text.",
    )
