"""The wire: the one way to ask a vendor over HTTP, with limits of time and size.

A request is repeated where that is safe: it only reads, or its Idempotency-Key makes the vendor do
it once. What becomes of it is told exactly. Once a try may have arrived, a later one that could not
be sent does not make the outcome certain again. No error has a URL, a header or a body in it.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import anyio
import httpx2

from one_mcp.money_errors import ProviderError

CONNECT_S, TRY_S = 10.0, 40.0
MOST_TRIES = 3
FIRST_WAIT_S, LONGEST_WAIT_S = 0.8, 8.0  # at most; and of what a vendor asks for
LARGEST_BYTES = 4 * 1024**2
REPEATED = frozenset(
    {
        HTTPStatus.CONFLICT,  # the same key is being worked on
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_VERDICTS = ("stripe-should-retry", "x-should-retry")  # what a vendor says of it itself
_UNSENT = (
    *(httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout),
    *(httpx2.ProxyError, httpx2.UnsupportedProtocol),
)


@dataclass(frozen=True, slots=True)
class WireReply:
    """What a vendor answered; `doubted` where an earlier try may have arrived, too."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    doubted: bool


@dataclass(frozen=True, slots=True)
class _Lost:
    """A try without an answer; `sent` where it may have arrived all the same."""

    sent: bool


class VendorWire:
    """The connections to one vendor, who is named in errors."""

    def __init__(
        self, vendor: str, *, try_s: float = TRY_S, jitter: Callable[[], float] = random.random
    ) -> None:
        self._vendor = vendor
        self._try_s = try_s
        self._jitter = jitter
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(try_s, connect=min(CONNECT_S, try_s)), follow_redirects=False
        )

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | str | None = None,
        *,
        repeatable: bool = False,
    ) -> WireReply:
        """Send a request and return the answer, whatever its status.

        `repeatable` says that the vendor does it once, however often it arrives. Raises
        ProviderError where there is no answer: of unknown outcome, if it may have had an effect.
        """
        reads = method.upper() in {"GET", "HEAD"}
        has_key = any(name.lower() == "idempotency-key" for name in headers)
        is_safe = reads or has_key or repeatable
        doubted = False
        for left in reversed(range(MOST_TRIES if is_safe else 1)):
            tried = await self._try(method, url, headers, body, doubted=doubted)
            if isinstance(tried, WireReply):
                wait = self._wait(tried, left)
                if wait is None:
                    return tried
                doubted = doubted or _may_have_worked(tried.status)
            else:
                doubted = doubted or (tried.sent and not reads)
                if not left:
                    break
                wait = self._pause(left)
            await anyio.sleep(wait)
        raise ProviderError(
            f"{self._vendor} did not answer"
            + (", and may have done it all the same." if doubted else ", and nothing was done."),
            retryable=True,
            outcome="unknown" if doubted else "failed",
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _try(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | str | None,
        *,
        doubted: bool,
    ) -> WireReply | _Lost:
        request = self._client.build_request(method, url, headers=dict(headers), content=body)
        try:
            with anyio.fail_after(self._try_s):
                response = await self._client.send(request, stream=True)
                try:
                    read = await self._read(response)
                finally:
                    await response.aclose()
        except _UNSENT:
            return _Lost(sent=False)
        except (httpx2.TransportError, httpx2.DecodingError, TimeoutError):
            return _Lost(sent=True)
        return WireReply(response.status_code, response.headers, read, doubted)

    async def _read(self, response: httpx2.Response) -> bytes:
        read = bytearray()
        async for part in response.aiter_bytes():
            read += part
            if len(read) > LARGEST_BYTES:
                raise ProviderError(
                    f"{self._vendor} answered with more than {LARGEST_BYTES:,} bytes.",
                    retryable=False,
                    outcome="unknown",
                )
        return bytes(read)

    def _wait(self, reply: WireReply, left: int) -> float | None:
        """Say how long to wait before asking again; None where the answer stands."""
        verdict = next((reply.headers[it] for it in _VERDICTS if it in reply.headers), None)
        repeats = reply.status in REPEATED if verdict is None else verdict == "true"
        if not (repeats and left):
            return None
        asked = reply.headers.get("retry-after", "")
        if not asked.isdecimal():
            return self._pause(left)
        return float(asked) if int(asked[:6]) <= LONGEST_WAIT_S else None

    def _pause(self, left: int) -> float:
        """Wait longer each time, and not all at the same time."""
        return FIRST_WAIT_S * 2 ** (MOST_TRIES - 1 - left) * self._jitter()


def _may_have_worked(status: int) -> bool:
    return status == HTTPStatus.CONFLICT or status >= HTTPStatus.INTERNAL_SERVER_ERROR
