"""Chat without a model: it quotes the sentences that have the most of the question's words."""

import re
from collections.abc import AsyncGenerator

from one_mcp.providers.ports.chat import ChatMessage
from one_mcp.providers.ports.checkup import Checkup
from one_mcp.providers.ports.metering import TokenMeter

NOTHING = "Nothing that was found answers this."
MOST = 3
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_WORD = re.compile(r"\w{3,}")
_EMPTY = frozenset(
    _WORD.findall(
        "and any are can did does for from has have her his how its not our say that the their "
        "them they this was were what when where which who why will with you your"
    )
)


class SimulatedChat:
    """Answers the same each time, in the words of the passages, and says where they stand."""

    name = "simulated"
    simulated = True

    async def answer(self, messages: tuple[ChatMessage, ...], meter: TokenMeter) -> str:  # noqa: ARG002  # it costs nothing
        return _answered(messages[-1])

    async def stream(
        self,
        messages: tuple[ChatMessage, ...],
        meter: TokenMeter,  # noqa: ARG002  # it costs nothing
    ) -> AsyncGenerator[str]:
        for word in re.findall(r"\S+\s*", _answered(messages[-1])):
            yield word

    async def check(self) -> Checkup:
        return Checkup("sentences of what is found are quoted")

    async def close(self) -> None:
        """Nothing is open."""


def _answered(asked: ChatMessage) -> str:
    wanted = _words(asked.text)
    found = [
        (-len(wanted & _words(sentence)), place, sentence.strip())
        for place, passage in enumerate(asked.passages, 1)
        for sentence in _SENTENCE.findall(passage)
        if wanted & _words(sentence)
    ]
    best = sorted(found, key=lambda it: (it[0], it[1]))[:MOST]
    return " ".join(f"{sentence} [{place}]" for _, place, sentence in best) or NOTHING


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)} - _EMPTY
