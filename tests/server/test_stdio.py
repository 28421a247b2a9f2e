import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from one_mcp.server.stdio import turns

SERVER = [sys.executable, "-m", "tests.server.echo_server"]
ROOT = Path(__file__).parents[2]
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
Start = Callable[..., "Client"]


class Client:
    """The raw other end of the wire."""

    def __init__(self, **options: Any) -> None:
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": ROOT, **options}
        self.process = subprocess.Popen(SERVER, bufsize=0, **options)
        self._received = b""

    def send(self, message: dict[str, Any] | bytes) -> None:
        assert self.process.stdin
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.process.stdin.write(line + b"\n")

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout
        while b"\n" not in self._received:
            chunk = os.read(self.process.stdout.fileno(), 65536)
            assert chunk, "the server closed its end"
            self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        return json.loads(line)

    def call(self, id: int, tool: str, **arguments: Any) -> None:
        self.send(request(id, "tools/call", name=tool, arguments=arguments))

    def hang_up(self) -> None:
        """Close the server's stdin and wait until it is gone."""
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.wait(30) == 0  # what hangs is ended after 5 s, with another code


def request(id: int, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": {**params, "_meta": META}}


def text(answer: dict[str, Any]) -> str:
    return answer["result"]["content"][0]["text"]


@pytest.fixture
def start() -> Iterator[Start]:
    clients: list[Client] = []

    def one_more(**options: Any) -> Client:
        clients.append(Client(**options))
        return clients[-1]

    yield one_more
    for client in clients:
        client.process.kill()
        client.process.wait()
        for pipe in (client.process.stdin, client.process.stdout, client.process.stderr):
            if pipe and not pipe.closed:
                pipe.close()


@pytest.fixture
def client(start: Start) -> Client:
    """A client whose server has answered once."""
    client = start()
    client.call(0, "echo", text="ready")
    assert text(client.receive()) == "ready"
    return client


def test_unreadable_lines_are_answered_and_the_server_goes_on(client: Client) -> None:
    lines = {
        1: b'{"id":1,"jsonrpc":"2.0","method":"tools/call","params":{"x":"\\ud800"}}',
        2: b'{"id":2,"jsonrpc":"2.0","method":"x","params":{"x":' + b"[" * 9999 + b"]" * 9999,
        3: b'{"id":3,"jsonrpc":"2.0","method":"x","params":{"x":' + b"9" * 9999 + b"}}",
        4: b'{"id":4,"jsonrpc":"2.0","method":"x","params":{"x":"' + b"y" * (17 << 20) + b'"}}',
        "\ud800": b'{"id":"\\ud800","jsonrpc":"2.0","method":"x"}',
        None: b"nonsense",
    }
    for id, line in lines.items():
        client.send(line)
        answer = client.receive()
        assert answer["id"] == id
        assert answer["error"]["code"] in {-32700, -32600}

    client.call(5, "echo", text="still here")
    assert text(client.receive()) == "still here"


def test_an_answer_that_is_no_text_is_an_error_answer(client: Client) -> None:
    client.call(1, "surrogate")

    assert client.receive()["error"]["code"] == -32603


def test_carriage_returns_and_blank_lines_do_no_harm(client: Client) -> None:
    client.send(b"\r")
    client.send(b"")
    client.send(json.dumps(request(1, "tools/call", name="echo")).encode() + b"\r")

    assert client.receive()["id"] == 1


def test_a_long_message_passes_whole_in_both_directions(client: Client) -> None:
    sent = "x" * (15 << 20)

    client.call(1, "echo", text=sent)

    assert text(client.receive()) == sent


def test_a_client_that_reads_late_receives_everything(client: Client) -> None:
    for id in range(1, 101):
        client.call(id, "long", length=50_000)

    assert sorted(client.receive()["id"] for _ in range(100)) == list(range(1, 101))


def greet(client: Client, version: str) -> None:
    """Begin as clients of the older generation do; the newer ones need no greeting."""
    if version == META["io.modelcontextprotocol/protocolVersion"]:
        return
    hello = {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    client.send({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": hello})
    assert client.receive()["result"]["protocolVersion"] == version
    client.send({"jsonrpc": "2.0", "method": "notifications/initialized"})


def asked(version: str, id: int, tool: str, **arguments: Any) -> dict[str, Any]:
    whole = request(id, "tools/call", name=tool, arguments=arguments)
    if version != META["io.modelcontextprotocol/protocolVersion"]:
        del whole["params"]["_meta"]
    return whole


GENERATIONS = pytest.mark.parametrize("version", ["2026-07-28", "2025-06-18"])


@GENERATIONS
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads what Linux measured")
def test_thousands_of_requests_keep_few_answers_waiting(start: Start, version: str) -> None:
    """The answers of 800 requests have 240 MB: most are made when there is room for them."""
    client = start()
    greet(client, version)
    client.send(asked(version, 0, "echo", text="ready"))
    client.receive()
    before_kib = peak_kib(client)

    for id in range(1, 801):
        client.send(asked(version, id, "long", length=300_000))
    answered = [client.receive()["id"] for _ in range(800)]

    assert sorted(answered) == list(range(1, 801))
    assert peak_kib(client) - before_kib < 100_000


def peak_kib(client: Client) -> int:
    status = Path(f"/proc/{client.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


@GENERATIONS
def test_requests_that_wait_can_be_cancelled_and_make_room(start: Start, version: str) -> None:
    client = start()
    greet(client, version)
    for id in range(1, turns.AT_ONCE + 1):
        client.send(asked(version, id, "wait"))
    for id in (101, 102, 103):
        client.send(asked(version, id, "echo", text=f"{id}"))

    for id in (101, 1):
        cancelled = {"requestId": id}
        client.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled})

    assert [text(client.receive()) for _ in range(2)] == ["102", "103"]


def test_a_ping_is_answered_while_others_wait(start: Start) -> None:
    client = start()
    greet(client, "2025-06-18")
    for id in range(1, turns.AT_ONCE + 10):
        client.send(asked("2025-06-18", id, "wait"))

    client.send({"jsonrpc": "2.0", "id": "ping", "method": "ping"})

    assert client.receive() == {"jsonrpc": "2.0", "id": "ping", "result": {}}


def test_what_waits_when_stdin_ends_is_answered_in_turn(start: Start) -> None:
    client = start()
    for id in range(300):
        client.call(id, "echo", text=str(id))

    client.hang_up()

    assert [text(client.receive()) for _ in range(300)] == [str(id) for id in range(300)]


def test_prints_and_children_stay_off_the_wire(start: Start) -> None:
    client = start(stderr=subprocess.PIPE)
    client.call(1, "print", text="answer")
    assert text(client.receive()) == "answer"

    client.hang_up()

    assert client.process.stderr
    assert client.process.stderr.read().split(b"\n") == [b"stray", b"from a child", b""]


def test_the_end_of_stdin_ends_the_process_at_once(client: Client) -> None:
    client.hang_up()


def test_what_is_under_way_when_stdin_ends_is_answered(client: Client) -> None:
    for id in (1, 2):
        client.call(id, "late", text=str(id))

    client.hang_up()

    assert sorted(text(client.receive()) for _ in range(2)) == ["1", "2"]


def test_a_request_under_way_does_not_hold_a_process_that_is_told_to_end(client: Client) -> None:
    client.call(1, "wait")
    client.call(2, "echo")
    assert client.receive()["id"] == 2

    assert client.process.stdin
    client.process.stdin.close()
    client.process.send_signal(signal.SIGTERM)

    assert client.process.wait(10) == 0
    assert client.receive()["error"]["message"] == "Connection closed"


def test_a_commit_under_way_is_finished_first(client: Client, tmp_path: Path) -> None:
    client.call(1, "commit", text=str(tmp_path / "commit"))
    client.call(2, "echo")
    assert client.receive()["id"] == 2

    client.hang_up()

    assert (tmp_path / "commit").read_text() == "committed"


def test_a_last_line_without_newline_is_answered(start: Start) -> None:
    client = start()
    assert client.process.stdin
    message = request(1, "tools/call", name="echo", arguments={"text": "last"})
    client.process.stdin.write(json.dumps(message).encode())

    client.hang_up()

    assert text(client.receive()) == "last"


def test_nobody_left_to_read_ends_the_process(client: Client) -> None:
    assert client.process.stdout
    client.process.stdout.close()

    assert client.process.wait(30) == 0


CLIENT = """
import subprocess, sys
server = subprocess.Popen(sys.argv[3:], stdin=-1, stdout=-1)
server.stdin.write(sys.argv[1].encode() + b"\\n")
server.stdin.flush()
server.stdout.readline()
if sys.argv[2] == "with a child":
    child = [sys.executable, "-c", "import time; time.sleep(15)"]
    subprocess.Popen(child, pass_fds=[server.stdin.fileno()], stdin=-3, stdout=-3, stderr=-3)
print("ready", flush=True)
server.wait()
"""


@pytest.mark.parametrize("family", ["alone", "with a child"])
def test_a_client_that_is_killed_takes_its_server_along(family: str) -> None:
    """Even where a child of the client still holds the server's stdin open."""
    message = json.dumps(request(1, "tools/call", name="echo"))
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, message, family, *SERVER],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert client.stdout
    assert client.stdout.readline() == b"ready\n"

    client.kill()

    client.communicate(timeout=10)  # returns when nobody, so not the server, holds stderr open


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_the_process_in_order(client: Client, number: signal.Signals) -> None:
    client.process.send_signal(number)

    assert client.process.wait(30) == 0


def test_files_work_as_stdin_and_stdout(tmp_path: Path) -> None:
    messages = [request(id, "tools/call", name="echo") for id in range(3)]
    questions, answers = tmp_path / "questions", tmp_path / "answers"
    questions.write_text("\r\n".join(map(json.dumps, messages)))

    with questions.open() as stdin, answers.open("w") as stdout:
        subprocess.run(SERVER, cwd=ROOT, stdin=stdin, stdout=stdout, check=True, timeout=60)

    ids = [json.loads(line)["id"] for line in answers.read_text().splitlines()]
    assert sorted(ids) == [0, 1, 2]


def test_a_terminal_that_shares_stderr_keeps_its_blocking_mode() -> None:
    message = json.dumps(request(1, "tools/call", name="print", arguments={"text": "answer"}))

    done = subprocess.run(
        SERVER,
        cwd=ROOT,
        input=message.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        timeout=60,
    )

    lines = done.stdout.splitlines()
    assert b"stray" in lines
    assert json.loads(lines[-1])["id"] == 1
