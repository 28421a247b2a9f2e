"""Reading files and pages of the web: what becomes of them, and what is never fetched."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener

from one_mcp.errors import FetchError, ForbiddenError, TextFileError
from one_mcp.providers import web
from one_mcp.services.exchange.places import Reach
from one_mcp.services.knowledge import reading
from one_mcp.texts import html

pytestmark = pytest.mark.anyio


@dataclass
class Site:
    """A web server on this machine that answers as it is told, and remembers what it was asked."""

    port: int = 0
    answers: dict[str, bytes] = field(default_factory=dict[str, bytes])
    asked: list[str] = field(default_factory=list[str])

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def says(
        self,
        path: str,
        body: bytes | str,
        type: str = "text/html",
        status: str = "200 OK",
        **more: str,
    ) -> str:
        raw = body if isinstance(body, bytes) else body.encode()
        head = {"Content-Type": type, "Connection": "close", **more}
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in head.items())]
        self.answers[path] = "\r\n".join([*lines, "", ""]).replace("_", "-").encode() + raw
        return self.url(path)

    async def serve(self, stream: ByteStream) -> None:
        async with stream:
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += await stream.receive()
            self.asked.append(asked.decode())
            path = asked.split(b" ", 2)[1].decode()
            if path == "/silence":
                await anyio.sleep_forever()
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await stream.send(self.answers[path])


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = plain.extra(SocketAttribute.local_port)  # noqa: S610  # no Django here
    site = Site(port)
    listener = TLSListener(plain, tls, standard_compatible=False) if tls else plain
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, site.serve)
        yield site
        group.cancel_scope.cancel()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as started:
        yield started


def loopback(address: web.Address) -> bool:
    return str(address) == "127.0.0.1"


def anywhere(_address: web.Address) -> bool:
    return True


async def read(url: str) -> reading.Text:
    return await reading.from_url(url, allowed=loopback)


async def refused(url: str, allowed: web.Allowed = loopback) -> FetchError:
    with pytest.raises(FetchError) as failure:
        await reading.from_url(url, allowed=allowed)
    return failure.value


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        (
            "a.md",
            b"---\ntitle: T\nlang: de\n---\n# H\n\nx\n",
            ("T", "# H\n\nx", "text/markdown", "de"),
        ),
        ("a.MARKDOWN", b"# H\n\nx", ("H", "# H\n\nx", "text/markdown", None)),
        ("a.txt", b"\xef\xbb\xbf# a\r\nb\n", (None, "# a\nb", "text/plain", None)),
        ("a.rst", b"H\n=\n", (None, "H\n=", "text/plain", None)),
        ("a.py", b"import os\n", (None, "import os", "text/plain", None)),
        ("a", b"---\nx: 1\n---\n", (None, "---\nx: 1\n---", "text/plain", None)),
        (
            "a.html",
            b"<html lang=fr><title>T</title><p>x<script>y</script>",
            ("T", "x", "text/markdown", "fr"),
        ),
        ("a.htm", b"<h1>H <i>i</i></h1>x", ("H i", "# H i\n\nx", "text/markdown", None)),
    ],
)
async def test_a_file_becomes_a_text(
    tmp_path: Path, name: str, raw: bytes, expected: tuple[str | None, ...]
) -> None:
    path = tmp_path / name
    path.write_bytes(raw)

    text = await reading.from_file(str(path), Reach(None, tmp_path / "one.db"))

    assert (text.title, text.text, text.media_type, text.language) == expected
    assert text.source == path.as_uri()


@pytest.mark.parametrize(
    ("name", "raw", "word"),
    [
        ("a.pdf", b"%PDF-1.7\n\0\1\2", "binary"),
        ("a.docx", b"PK\3\4\xff\xfe\xfd", "UTF-8"),
        ("a.txt", "Café".encode("utf-16"), "UTF-16"),
        ("a.txt", b"x" * (8 * 1024**2 + 1), "8,388,608"),
        ("a.txt", b" \n", "no text"),
        ("a.md", b"---\ntitle: T\n---\n", "no text"),
        ("a.md", b"---\na: [\n---\n", "YAML"),
        ("a.html", b"<script>x</script>", "no text"),
    ],
)
async def test_a_file_without_text_says_what_would_work(
    tmp_path: Path, name: str, raw: bytes, word: str
) -> None:
    (tmp_path / name).write_bytes(raw)

    with pytest.raises(TextFileError) as failure:
        await reading.from_file(str(tmp_path / name), Reach(None, tmp_path / "one.db"))

    assert word in str(failure.value)
    assert name in str(failure.value)


async def test_files_stay_inside_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a.txt").write_text("mine")
    (tmp_path / "b.txt").write_text("not mine")
    (inside / "link.txt").symlink_to(tmp_path / "b.txt")
    (inside / "near.txt").symlink_to(inside / "a.txt")
    (inside / "circle.txt").symlink_to(inside / "circle.txt")
    reach = Reach(inside, tmp_path / "one.db")

    for path in ("link.txt", "../b.txt", str(tmp_path / "b.txt")):
        with pytest.raises(ForbiddenError):
            await reading.from_file(path, reach)
    for path in ("circle.txt", "gone.txt", "."):
        with pytest.raises(TextFileError):
            await reading.from_file(path, reach)
    assert (await reading.from_file("near.txt", reach)).text == "mine"
    assert (await reading.from_file(str(inside / "near.txt"), reach)).text == "mine"


def test_html_is_reduced_to_its_text() -> None:
    page = html.reduce(
        "<!DOCTYPE html><!-- no --><html lang='pt-BR'><head><title>A &amp; B</title>"
        "<style>p{}</style></head><body><nav><p>menu<nav>x</nav></p></nav><h2>Two</h2>"
        "<p>One<br>two &lt;b&gt; <a href='x>y'>three</a> 1 < 2 &#99999999999;</p>"
        "<ul><li>a<ol><li>b</li><li>c</ol><li></li></ul>"
        "<pre>if x:\n    <b>y</b>\n</pre><p><code>z()</code><svg><title>no</title><svg/></svg>"
        "<table><tr><th>H<th>I</tr><tr><td>1<td>2</table><SCRIPT>'<p>no'</SCRIPT ></body>"
    )

    assert page == html.Reduced(
        "A & B",
        "## Two\n\nOne\ntwo <b> three 1 < 2 \ufffd\n\n- a\n  1. b\n  2. c\n\n"
        "```\nif x:\n    y\n```\n\n`z()`\n\nH | I\n\n1 | 2",
        "pt-BR",
    )


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("a<p hidden>evil</p>b", "a\n\nb"),
        ("a <span HIDDEN=''>evil</span>b", "a b"),
        ("<p style='color:red; Display : None !important'>evil</p>b", "b"),
        ("<p style='d\\69splay:/**/n&#111;ne'>evil</p>b", "b"),
        ("<p style=visibility:hidden>evil</p><p style=opacity:0>evil</p>b", "b"),
        ("<p style='font-size:0px'>evil<p>b", "b"),
        ("<template>evil</template><!-- evil --><dialog>evil</dialog>b", "b"),
        ("<div hidden><div>evil</div>evil</section>evil</div>b", "b"),
        ("<span hidden><div>evil</span>evil</div>evil</span>b", "b"),
        ("<div hidden><table><td>evil</div>evil</table></div>b", "b"),
        ("<p><b hidden>evil</p><p>evil</b>b", "b"),
        ("<div hidden>evil</body>evil</html>", ""),
        ("<ul><li hidden>evil<ul><li>evil</ul>evil<li>b</ul>c", "- b\n\nc"),
        ("<table><tr hidden><td>evil<td>evil<tr><td>b</table>", "b"),
        ("<dl><dt hidden>evil<dd>b</dl>", "b"),
        ("<input type=hidden hidden>b<br hidden>c", "b\nc"),
        ("<p aria-hidden=true>a</p><p data-x=hidden title='hidden'>b</p>", "a\n\nb"),
        ("<p style='opacity:0.5;display:block;overflow:hidden'>b</p>", "b"),
        ("<dialog open>b</dialog><details>c</details>", "b\n\nc"),
    ],
)
def test_what_a_page_hides_is_no_knowledge(page: str, text: str) -> None:
    assert html.reduce(page).text == text


@pytest.mark.parametrize(
    "piece",
    [
        *("<", "<a ", "<a '\">", "<!--", "</", "&#9", "<nav></p>", "<p>"),
        *("<div hidden>", "<li>", "</span><span><i>", "<td><b hidden>", "<p style='/*'>"),
    ],
)
def test_broken_html_takes_no_longer_than_other_html(piece: str) -> None:
    html.reduce(piece * 100_000)


async def test_a_page_is_fetched_and_read_by_its_type(site: Site) -> None:
    page = await read(site.says("/p?q=1", "<html lang=en><title>T</title><p>x", "Text/HTML; a=b"))
    note = await read(site.says("/n", "---\ntitle: N\n---\nx", "text/markdown"))
    raw = await read(site.says("/raw.md", "# R\n", "text/plain; charset=utf-8"))
    plain = await read(site.says("/x.html", "<p>", "text/plain"))
    json = await read(site.says("/j", '{"a": 1}', "application/json"))

    assert page == reading.Text("T", "x", "text/markdown", site.url("/p?q=1"), "en")
    assert (note.title, note.text) == ("N", "x")
    assert (raw.title, raw.media_type) == ("R", "text/markdown")
    assert (plain.text, plain.media_type) == ("<p>", "text/plain")
    assert (json.text, json.media_type) == ('{"a": 1}', "text/plain")


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("text/html; charset=windows-1252", "Café".encode("cp1252")),
        ("text/html", b"<meta charset='latin-1'>" + "Café".encode("latin-1")),
        ("text/html", "\ufeffCafé".encode()),
        ("text/html; charset=none-such", "Café".encode()),
        ("text/html", b"<meta charset=hex>" + "Café".encode()),
        ("text/html; charset=punycode", "Café".encode()),
        ("text/html; charset=utf-7", "Café".encode()),
        ("text/html; charset=utf-16", "Café".encode("utf-16-le")),
        ("text/html; charset=latin-1", "Café".encode("utf-16")),
        ("text/html; charset=shift_jis", b"Caf\x82\xa0"),
    ],
)
async def test_the_charset_is_the_one_that_is_said(site: Site, type: str, body: bytes) -> None:
    expected = "Cafあ" if "jis" in type else "Café"

    assert (await read(site.says("/", body, type))).text == expected


async def test_redirects_are_followed_and_the_given_url_is_the_source(site: Site) -> None:
    for number in range(5):
        site.says(f"/{number}", "", status="302 Found", Location=f"/{number + 1}?secret")
        site.says(f"/{number}?secret", "", status="302 Found", Location=f"/{number + 1}?secret")
    site.says("/5?secret", "there")

    text = await read(site.url("/0"))
    site.says("/5?secret", "", status="301 Moved", Location="/0")

    assert text.text == "there"
    assert text.source == site.url("/0")
    assert "5 times" in str(await refused(site.url("/0")))


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://user:word@127.0.0.1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://[bad",
    ],
)
async def test_each_redirect_is_checked_anew(site: Site, location: str) -> None:
    error = await refused(site.says("/", "", status="302 Found", Location=location))

    assert error.code == "FETCH"
    assert error.retryable is False
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0.0.0.0/",
        "http://localhost/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.0.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://[::1]/",
        "http://[::]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2001:db8::1]/",
        "http://[3fff::1]/",
        "http://[5f00::1]/",
        "http://[100:0:0:1::1]/",
        "http://[64:ff9b:1::808:808]/",
        "http://[2002:808:808::]/",
        "http://[2001:0:808:808::1]/",
        "http://[::808:808]/",
        "http://[4000::1]/",
        "http://192.88.99.2/",
        "http://192.0.0.170/",
    ],
)
async def test_only_the_public_internet_is_asked(url: str) -> None:
    error = await refused(url, web.is_public)

    assert "public" in str(error)
    assert error.retryable is False


@pytest.mark.parametrize(
    "address",
    [
        "93.184.215.14",
        "2606:2800:220:1::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "192.0.0.9",
        "2001:1::3",
        "2001:30::1",
    ],
)
def test_public_addresses_are_public(address: str) -> None:
    assert web.is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "page",
        "//127.0.0.1/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "http:///x",
        "http://a\0b/",
        "http://[1/",
        "http://example.com:99999999/",
        "http://" + "x" * 70_000,
        "http://user@127.0.0.1/",
        "http://:word@127.0.0.1/",
        "http://" + "x" * 64 + ".example/",
        "http://no-such-name.invalid/",
    ],
)
async def test_what_is_no_url_of_the_web_is_refused(url: str) -> None:
    assert "word" not in str(await refused(url, anywhere)).replace("password", "")


async def test_the_connection_goes_to_the_address_that_was_checked(site: Site) -> None:
    """The name is only resolved once: what is asked is the address, in the name's stead."""
    seen: list[str] = []

    def first_only(address: web.Address) -> bool:
        seen.append(str(address))
        return address.is_loopback

    site.says("/", "x")
    await reading.from_url(site.url("/", "localhost"), allowed=first_only)

    assert len(seen) == len(set(seen))
    assert f"host: localhost:{site.port}" in site.asked[0].lower()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="it makes the certificate")
async def test_a_certificate_is_checked_against_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = tmp_path / "cert.pem"
    made = await anyio.run_process(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", "-", "-out", "-"],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    pem.write_bytes(made.stdout)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pem)
    names: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: names.append(name)

    async with serving(tls) as site:
        site.says("/", "x")
        untrusted = await refused(site.url("/", "localhost", "https"), anywhere)
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        text = await reading.from_url(site.url("/", "localhost", "https"), allowed=anywhere)
        unnamed = await refused(site.url("/", "127.0.0.1", "https"), anywhere)

    assert "CERTIFICATE" in str(untrusted)
    assert text.text == "x"
    assert "localhost" in names
    assert "CERTIFICATE" in str(unnamed)


@pytest.mark.parametrize(
    ("type", "status", "word", "retryable", "more"),
    [
        ("application/pdf", "200 OK", "application/pdf", False, {}),
        ("", "200 OK", "no known type", False, {}),
        ("text/html", "404 Not Found", "404", False, {}),
        ("text/html", "304 Not Modified", "304", False, {}),
        ("text/html", "429 Too Many Requests", "429", True, {}),
        ("text/html", "503 Unavailable", "503", True, {}),
        ("text/html", "200 OK", "8,388,608", False, {"Content_Length": "99999999999"}),
        ("text/html", "200 OK", "compressed", False, {"Content_Encoding": "gzip"}),
        ("text/html", "200 OK", "cannot be read", True, {"Content_Length": "1000"}),
    ],
)
async def test_what_cannot_be_taken_says_why(
    site: Site, type: str, status: str, word: str, *, retryable: bool, more: dict[str, str]
) -> None:
    error = await refused(site.says("/", "x", type, status, **more))

    assert word in str(error)
    assert error.retryable is retryable


async def test_a_page_without_end_is_cut_off(site: Site) -> None:
    site.says("/", b"x" * (web.LARGEST_BYTES + 1))

    assert "8,388,608" in str(await refused(site.url("/")))


async def test_binary_that_is_called_text_is_refused(site: Site) -> None:
    assert "binary" in str(await refused(site.says("/", b"a\0b", "text/plain")))
    with pytest.raises(TextFileError):
        await read(site.says("/empty", "<p> </p>"))


async def test_a_server_that_is_silent_or_gone_may_be_asked_later(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "TOTAL_S", 0.2)
    silent = await refused(site.url("/silence"))
    monkeypatch.setattr(web, "TOTAL_S", 20)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = await refused(f"http://127.0.0.1:{free.getsockname()[1]}/")

    assert silent.retryable is True
    assert gone.retryable is True
