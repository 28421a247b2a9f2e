"""Every sentence that a description tells a model is tried, or is no promise."""

import pytest

from tests.server import (  # importing them gathers what their tests cite
    test_promises_of_arguments,
    test_promises_of_chain,
    test_promises_of_instructions,
    test_promises_of_operations,
    test_promises_of_reads,
    test_promises_of_sales,
    test_promises_of_texts,
    test_promises_of_writes,
)
from tests.server.promises import (
    ARGUMENTS,
    FORMS,
    NO_PROMISES,
    TOLD,
    TRIED,
    sentences,
    told_of_arguments,
)

TRYING = (
    test_promises_of_arguments,
    test_promises_of_chain,
    test_promises_of_instructions,
    test_promises_of_operations,
    test_promises_of_reads,
    test_promises_of_sales,
    test_promises_of_texts,
    test_promises_of_writes,
)


@pytest.mark.parametrize("teller", TOLD)
def test_every_sentence_is_tried(teller: str) -> None:
    untried = set(sentences(TOLD[teller])) - TRIED[teller] - NO_PROMISES.keys()

    assert untried == set()


@pytest.mark.parametrize("teller", TOLD)
def test_what_is_tried_is_still_said(teller: str) -> None:
    """A sentence that changed needs its test looked at."""
    assert TRIED[teller] - set(sentences(TOLD[teller])) == set()


def test_what_is_no_promise_is_still_said() -> None:
    said = {sentence for text in TOLD.values() for sentence in sentences(text)}

    assert NO_PROMISES.keys() <= said


def test_what_is_said_of_arguments_is_tried() -> None:
    said = told_of_arguments()

    assert said - TRIED[ARGUMENTS] - FORMS == set()
    assert TRIED[ARGUMENTS] | FORMS <= said


def test_every_part_of_the_tests_tries_something() -> None:
    assert all(module.__doc__ for module in TRYING)
    assert len([it for tried in TRIED.values() for it in tried]) > 70
