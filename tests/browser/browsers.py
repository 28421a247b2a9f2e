"""A real browser without a window, by the WebDriver protocol: https://www.w3.org/TR/webdriver2/.

What is clicked is found as a person finds it: fields by their labels, buttons by their names.
"""

import base64
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # by which the protocol marks one
PATIENCE_MS = 10_000
READY = "was started successfully on port "
OPTIONS = [
    "--headless=new",
    "--no-sandbox",  # it looks at this machine's own pages, often as root
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--disable-background-networking",
    "--lang=en",
]


@contextmanager
def started(driver: str, folder: Path) -> Generator[str]:
    """Start a driver with one browser; yields where its session is."""
    program = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    try:
        said = next(line for line in program.stdout if READY in line)
        root = f"http://127.0.0.1:{said.partition(READY)[2].strip().rstrip('.')}/session"
        options = {"args": [*OPTIONS, f"--user-data-dir={folder}"]}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "timeouts": {"implicit": PATIENCE_MS},
        }
        with httpx2.Client(trust_env=False, timeout=60) as http:
            made = http.post(root, json={"capabilities": {"alwaysMatch": wanted}}).json()["value"]
            assert "sessionId" in made, made
            yield f"{root}/{made['sessionId']}"
            http.delete(f"{root}/{made['sessionId']}")
    finally:
        program.terminate()
        program.wait(10)
        program.stdout.close()


@dataclass(frozen=True)
class Browser:
    """A tab, and whoever sits before it."""

    http: httpx2.AsyncClient
    session: str

    async def open(self, url: str) -> None:
        await self._do("POST", "/url", url=url)

    async def sees(self, words: str) -> None:
        """Wait until the page says something."""
        await self._find(f"//*[contains(normalize-space(.), {_quoted(words)})]")

    async def text(self) -> str:
        return await self.script("return document.body.innerText")

    async def source(self) -> str:
        return await self._do("GET", "/source")

    async def fill(self, label: str, text: str) -> None:
        field = await self._labelled(label)
        await self._do("POST", f"/element/{field}/clear")
        await self._do("POST", f"/element/{field}/value", text=text)

    async def choose(self, label: str, option: str) -> None:
        field = await self._labelled(label)
        words = f".//option[normalize-space(.)={_quoted(option)}]"
        found = await self._do("POST", f"/element/{field}/element", using="xpath", value=words)
        await self._do("POST", f"/element/{found[ELEMENT]}/click")

    async def press(self, name: str) -> None:
        """Click a button, and wait for the page that comes of it."""
        found = await self._named("button", name)
        await self.script("document.documentElement.dataset.left = 'true'")
        await self._do("POST", f"/element/{found}/click")
        await self._find("//html[not(@data-left)]")

    async def unfold(self, name: str) -> None:
        """Click what shows more of the same page."""
        found = await self._named("summary", name)
        await self._do("POST", f"/element/{found}/click")

    async def follow(self, name: str) -> None:
        found = await self._named("a", name)
        await self._do("POST", f"/element/{found}/click")

    async def type(self, keys: str) -> None:
        """Press keys, wherever the cursor is."""
        strokes = [{"type": act, "value": key} for key in keys for act in ("keyDown", "keyUp")]
        actions = [{"type": "key", "id": "keyboard", "actions": strokes}]
        await self._do("POST", "/actions", actions=actions)

    async def script(self, script: str, *given: Any) -> Any:
        return await self._do("POST", "/execute/sync", script=script, args=[*given])

    async def dress(self, *, width: int = 1024, height: int = 900, dark: bool = False) -> None:
        """Be a screen of a size, in light or dark."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self._chrome("Emulation.setEmulatedMedia", features=[scheme])
        await self._chrome("Emulation.setDeviceMetricsOverride", **size)

    async def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(await self._do("GET", "/screenshot")))

    async def _named(self, kind: str, name: str) -> str:
        return await self._find(f"//{kind}[contains(normalize-space(.), {_quoted(name)})]")

    async def _labelled(self, label: str) -> str:
        return await self._find(
            f"//*[@id=//label[contains(normalize-space(.), {_quoted(label)})]/@for]"
        )

    async def _find(self, xpath: str) -> str:
        return (await self._do("POST", "/element", using="xpath", value=xpath))[ELEMENT]

    async def _chrome(self, command: str, **parameters: Any) -> None:
        await self._do("POST", "/goog/cdp/execute", cmd=command, params=parameters)

    async def _do(self, method: str, path: str, **given: Any) -> Any:
        sent = given if method == "POST" else None
        answer = (await self.http.request(method, f"{self.session}{path}", json=sent)).json()
        if isinstance(answer["value"], dict) and "error" in answer["value"]:
            raise AssertionError(answer["value"]["message"])
        return answer["value"]


def _quoted(words: str) -> str:
    assert '"' not in words
    return f'"{words}"'
