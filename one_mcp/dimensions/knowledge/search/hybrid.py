"""Hybrid search: passages by their words and by their meaning, in one ranking.

Both sides bring a bounded number of candidates; what only one side found is scored by the other,
too, and words in the text around a passage count beside its own. Last, scores lean on those of near
passages in other documents.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from one_mcp import clock
from one_mcp.answers import BRIEF_CHARACTERS
from one_mcp.dimensions.entities.selection import Selection
from one_mcp.dimensions.knowledge.search import hits, lexical, scope, semantic
from one_mcp.dimensions.knowledge.search.hits import Hit, Place, Ranked
from one_mcp.dimensions.knowledge.search.lexical import Worth
from one_mcp.dimensions.knowledge.search.scope import Scope
from one_mcp.dimensions.knowledge.search.semantic import Question
from one_mcp.search import fusion
from one_mcp.search.cache import Memory
from one_mcp.search.ports import Arithmetic, Space
from one_mcp.store.work import Work

WORD_CANDIDATES = 150  # of BM25, whose meaning is looked at too
BY_WORDS = 600  # of BM25, where words are all there is, or a scope comes after it
WIDER = 4  # times as many candidates where a scope is too large to be listed
POOL = 100  # passages whose scores lean on each other
HALF_LIFE_MS = 90 * clock.DAY_MS
USUAL_QUALITY = 0.5


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. `recency` and `quality` say how much of a score they make, 0 to 1.

    `around` is the number of connections that are told of the entities of a hit.
    """

    text: str
    scope: Scope = field(default_factory=Scope)
    limit: int = 8
    of_one_document: int = 3
    recency: float = 0.0
    quality: float = 0.0
    min_similarity: float | None = None
    characters: int = BRIEF_CHARACTERS
    explained: bool = False
    around: int = 0


@dataclass(frozen=True, slots=True)
class Meaning:
    """What search by meaning needs: the question's vector, where vectors are, and arithmetic."""

    question: Question
    space: Space
    arithmetic: Arithmetic


@dataclass(frozen=True, slots=True)
class Spoken:
    """What words say: passages with what they are worth, and which passages count at all.

    Those listed in `among`, those that pass the test of `wide`, or all.
    """

    worth: Worth
    among: Sequence[int] | None = None
    wide: Selection | None = None


@dataclass(frozen=True, slots=True)
class _Scored:
    """Passages with their scores, their BM25, and where meaning counts their vectors."""

    scores: Mapping[int, float]
    spoken: Mapping[int, float]
    vectors: Mapping[int, bytes] = field(default_factory=dict[int, bytes])


def spoken(work: Work, wish: Wish, memory: Memory, *, alone: bool = False) -> Spoken:
    """Look the words of a question up in the passages that count.

    More of them where words are `alone`: nothing else leads past what is not shown.
    """
    most = BY_WORDS if alone else WORD_CANDIDATES
    if not wish.scope:
        return Spoken(lexical.scores(work, wish.text, memory.words, most=most))
    selection = scope.select(work, wish.scope)
    among = memory.scopes.of(
        wish.scope,
        scope.stamp(work),
        lambda: scope.members(work, selection),
    )
    most = BY_WORDS if among is None else most
    worth = lexical.scores(work, wish.text, memory.words, among=among, most=most)
    if among is not None:
        return Spoken(worth, among)
    kept = scope.kept(work, selection, list(worth.scores))
    return Spoken(worth.only(chunk for chunk in worth.scores if chunk in kept), wide=selection)


def search(work: Work, wish: Wish, said: Spoken, meaning: Meaning | None) -> list[Hit]:
    """Find passages that answer a question; without `meaning`, by their words alone.

    Ranks a bounded number of passages, whatever the number there is. The caller holds the lock of
    the vectors' space since before its snapshot began.
    """
    scored = _by_words(said.worth.scores) if meaning is None else _by_both(work, meaning, said)
    ranked = _ranked(work, scored, wish, meaning)
    groups = hits.joined(ranked, wish.limit, wish.of_one_document)
    return hits.shown(work, groups, wish.characters, explained=wish.explained)


def _by_words(spoken: Mapping[int, float]) -> _Scored:
    best = max(spoken.values(), default=0.0) or 1.0
    return _Scored({chunk: score / best for chunk, score in spoken.items()}, spoken)


def _by_both(work: Work, meaning: Meaning, said: Spoken) -> _Scored:
    few = fusion.best(said.worth.scores, WORD_CANDIDATES)
    spoken = said.worth.only(few)
    vectors = semantic.vectors(work, meaning.question.model, few)
    vectors |= _near(work, meaning, said, vectors)
    documents = hits.documents(work, list(spoken.scores.keys() | vectors.keys()))
    around = lexical.around(work, spoken, few)
    words = fusion.with_surroundings(spoken.scores, around, documents)
    similar = _similar(meaning.arithmetic, meaning.question.vector, vectors)
    return _Scored(fusion.fuse(similar, words, spoken.most), spoken.scores, vectors)


def _near(
    work: Work, meaning: Meaning, said: Spoken, known: Mapping[int, bytes]
) -> dict[int, bytes]:
    """Read the vectors of passages that are near and not known yet.

    What the scan has and the file has not is gone, since snapshots never go back under the lock.
    """
    scan, question = meaning.space.scan, meaning.question
    most = semantic.CANDIDATES * (1 if said.wide is None else WIDER)
    near = semantic.candidates(work, scan, question, most, said.among)
    new = {chunk: row for chunk, row in near.items() if chunk not in known}
    found = semantic.by_rows(work, question.model, list(new.values()))
    if len(found) < len(new):
        scan.forget(chunk for chunk in new if chunk not in found)
    if said.wide is None:
        return found
    kept = scope.kept(work, said.wide, list(found))
    return {chunk: found[chunk] for chunk in found if chunk in kept}


def _similar(
    arithmetic: Arithmetic, question: bytes, vectors: Mapping[int, bytes]
) -> dict[int, float]:
    return dict(zip(vectors, arithmetic.cosines(question, list(vectors.values())), strict=True))


def _ranked(work: Work, scored: _Scored, wish: Wish, meaning: Meaning | None) -> list[Ranked]:
    """Order the best passages, once those of archived entities are gone."""
    places = _places(work, scored.scores, wish)
    few = list(places)
    scores = {chunk: scored.scores[chunk] for chunk in few}
    similar: dict[int, float] = {}
    if meaning is not None:
        vectors = {chunk: scored.vectors[chunk] for chunk in few if chunk in scored.vectors}
        similar = _similar(meaning.arithmetic, meaning.question.vector, vectors)
        scores = _smoothed(meaning.arithmetic, scores, vectors, places)
    ranked = [_weighed(work, places[chunk], scores[chunk], wish) for chunk in few]
    least = wish.min_similarity
    if least is not None and meaning is not None:
        ranked = [one for one in ranked if similar.get(one.place.chunk, 0.0) >= least]
    ranked.sort(key=lambda one: (-one.score, one.place.chunk))
    return [_told(one, similar, scored.spoken) for one in ranked] if wish.explained else ranked


def _places(work: Work, scores: Mapping[int, float], wish: Wish) -> dict[int, Place]:
    """Find where the best passages stand, and more of them until there are enough to show.

    Those of archived entities are not shown, and of one document only some.
    """
    ordered = fusion.best(scores, len(scores))
    some = max(POOL, 3 * wish.limit)
    found: dict[int, Place] = {}
    for start in range(0, len(ordered), some):
        part = ordered[start : start + some]
        places = hits.places(work, part)
        found |= {chunk: places[chunk] for chunk in part if chunk in places}
        of_each = Counter(place.document for place in found.values())
        if sum(min(count, wish.of_one_document) for count in of_each.values()) >= wish.limit:
            break
    return found


def _smoothed(
    arithmetic: Arithmetic,
    scores: Mapping[int, float],
    vectors: Mapping[int, bytes],
    places: Mapping[int, Place],
) -> dict[int, float]:
    """Let the best lean on each other; the others come after them, as they did."""
    pool = [chunk for chunk in fusion.best(scores, POOL) if chunk in vectors]
    leaning = arithmetic.smoothed(
        [scores[chunk] for chunk in pool],
        [vectors[chunk] for chunk in pool],
        [places[chunk].document for chunk in pool],
    )
    lowest = min(leaning, default=1.0)
    rest = {
        chunk: min(score, lowest) if chunk in vectors else score for chunk, score in scores.items()
    }
    return rest | dict(zip(pool, leaning, strict=True))


def _weighed(work: Work, place: Place, score: float, wish: Wish) -> Ranked:
    """Let recency and quality count for as much of a score as was asked for."""
    recency = 0.5 ** (max(work.now - place.updated_at, 0) / HALF_LIFE_MS)
    quality = USUAL_QUALITY if place.quality is None else place.quality
    own = 1 - wish.recency - wish.quality
    return Ranked(place, own * score + wish.recency * recency + wish.quality * quality)


def _told(one: Ranked, similar: Mapping[int, float], spoken: Mapping[int, float]) -> Ranked:
    """Say what a score is made of."""
    chunk = one.place.chunk
    return Ranked(one.place, one.score, similar.get(chunk), spoken.get(chunk))
