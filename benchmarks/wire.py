"""A raw client over stdio that adds next to nothing to what it measures."""

import itertools
import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

Era = Literal["modern", "legacy"]
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
}


@dataclass(frozen=True, slots=True)
class Latencies:
    """How long calls took, in milliseconds."""

    sorted_ms: tuple[float, ...]

    @classmethod
    def of(cls, taken_ms: Sequence[float]) -> Self:
        return cls(tuple(sorted(taken_ms)))

    def percentile(self, percent: float) -> float:
        """The value that `percent` of the calls do not exceed."""
        last = len(self.sorted_ms) - 1
        return self.sorted_ms[round(last * percent / 100)]

    @property
    def median(self) -> float:
        return self.percentile(50)

    def __str__(self) -> str:
        figures = (("min", 0), ("p50", 50), ("p95", 95), ("p99", 99))
        return "  ".join(f"{name} {self.percentile(at):.3f}" for name, at in figures) + " ms"


class Wire:
    """One server process and the pipes to it; use as a context manager."""

    def __init__(
        self,
        command: Sequence[str | Path],
        era: Era = "modern",
        environment: Mapping[str, str] | None = None,
        *,
        process: Any = None,
    ) -> None:
        """Start a command, or take a process that runs, as `subprocess` shows it."""
        self.era: Era = era
        self._ids = itertools.count(1)
        self._received = b""
        self.started = time.perf_counter()
        self.process = process or subprocess.Popen(
            list(command),
            bufsize=0,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()

    def open(self) -> dict[str, Any]:
        """Make the first exchange of the generation, as clients do."""
        if self.era == "modern":
            return self.request("server/discover")
        opened = self.request(
            "initialize",
            protocolVersion="2025-11-25",
            capabilities={},
            clientInfo=META["io.modelcontextprotocol/clientInfo"],
        )
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return opened

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request and wait for its result; raise RuntimeError for an error answer."""
        message = self.message(method, **params)
        self.send(message)
        while (answer := self.receive()).get("id") != message["id"]:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; raise RuntimeError when it failed."""
        result = self.request("tools/call", name=tool, arguments=arguments)
        if result.get("isError"):
            raise RuntimeError(f"{tool}: {result['content'][0]['text']}")
        return result.get("structuredContent") or result

    def time(self, calls: Sequence[dict[str, Any]], warm_up: int = 50) -> Latencies:
        """Time messages made by `message`, one in flight; the first `warm_up` do not count."""
        taken: list[float] = []
        for message in calls:
            line = json.dumps(message).encode() + b"\n"
            wanted = message["id"]
            begun = time.perf_counter()
            self._write(line)
            while True:
                answer = self._line()
                ended = time.perf_counter()
                if json.loads(answer).get("id") == wanted:
                    break
            if b'"error":' in answer or b'"isError":true' in answer:
                raise RuntimeError(answer.decode())
            taken.append((ended - begun) * 1000)
        return Latencies.of(taken[warm_up:])

    def message(self, method: str, **params: Any) -> dict[str, Any]:
        """Make a request of this generation, with an id of its own."""
        if self.era == "modern":
            params["_meta"] = META
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}

    def send(self, message: dict[str, Any]) -> None:
        self._write(json.dumps(message).encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        return json.loads(self._line())

    def hang_up(self) -> float:
        """Close the server's stdin; return how long it took to be gone, in ms."""
        assert self.process.stdin
        begun = time.perf_counter()
        self.process.stdin.close()
        self.process.wait()
        return (time.perf_counter() - begun) * 1000

    def since_start_ms(self) -> float:
        return (time.perf_counter() - self.started) * 1000

    def memory_mb(self) -> float:
        """The resident memory of the server (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def cpu_ms(self) -> float:
        """The processor time that the server has used so far (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def _write(self, line: bytes) -> None:
        assert self.process.stdin
        descriptor, sent = self.process.stdin.fileno(), 0
        while sent < len(line):
            sent += os.write(descriptor, line[sent:])

    def _line(self) -> bytes:
        assert self.process.stdout
        while b"\n" not in self._received:
            chunk = os.read(self.process.stdout.fileno(), 1 << 20)
            if not chunk:
                raise RuntimeError("the server closed its end")
            self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        return line
