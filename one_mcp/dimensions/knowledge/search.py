"""Search: passages by their words and by their meaning, in one ranking.

Both sides bring a bounded number of candidates; what only one side found is scored by the other,
too. The best few move the question towards themselves, and it is asked once more. Last, scores lean
on those of near passages in other documents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from one_mcp import clock
from one_mcp.dimensions.knowledge import hits, nearest, scopes, words
from one_mcp.dimensions.knowledge.hits import Hit, Place, Ranked, Scores
from one_mcp.dimensions.knowledge.nearest import Question
from one_mcp.dimensions.knowledge.scopes import Scope
from one_mcp.dimensions.selections import Selection
from one_mcp.providers.engine import Space
from one_mcp.search import rank
from one_mcp.search.frequencies import Frequencies
from one_mcp.search.ports import Arithmetic
from one_mcp.store.work import Work

WORD_CANDIDATES = 300  # of BM25, whose meaning is looked at too
WIDER = 4  # times as many candidates where a scope is too large to be listed
FEEDBACK = 5  # passages that move the question
POOL = 100  # passages whose scores lean on each other
HALF_LIFE_MS = 90 * clock.DAY_MS
USUAL_QUALITY = 0.5


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. `recency` and `quality` say how much of a score they make, 0 to 1."""

    text: str
    scope: Scope = field(default_factory=Scope)
    limit: int = 8
    of_one_document: int = 3
    recency: float = 0.0
    quality: float = 0.0
    min_similarity: float | None = None
    characters: int = 8_000
    explained: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """What search by meaning needs: the question's vector, where vectors are, and arithmetic."""

    question: Question
    space: Space
    arithmetic: Arithmetic


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Which passages count: all, those listed `among`, or those that pass a test."""

    among: Sequence[int] | None = None
    selection: Selection | None = None

    @property
    def candidates(self) -> int:
        return nearest.CANDIDATES * (1 if self.selection is None else WIDER)

    def within(self, work: Work, candidates: Sequence[int]) -> list[int]:
        """Keep the candidates that count."""
        if self.among is not None:
            allowed = set(self.among)
        elif self.selection is not None:
            allowed = scopes.kept(work, self.selection, list(candidates))
        else:
            return list(candidates)
        return [chunk for chunk in candidates if chunk in allowed]


@dataclass(frozen=True, slots=True)
class _Scored:
    """Passages with their scores, their BM25, and where meaning counts their vectors."""

    scores: Mapping[int, float]
    spoken: Mapping[int, float]
    vectors: Mapping[int, bytes] = field(default_factory=dict[int, bytes])


def spoken(work: Work, wish: Wish, frequencies: Frequencies) -> dict[int, float]:
    """Score passages by words: the best ones, or where a scope comes after it all of them."""
    most = None if wish.scope else WORD_CANDIDATES
    return words.scores(work, wish.text, frequencies, most=most)


def search(
    work: Work, wish: Wish, spoken: Mapping[int, float], meaning: Meaning | None
) -> list[Hit]:
    """Find passages that answer a question; without `meaning`, by their words alone.

    Ranks a bounded number of passages, whatever the number there is.
    """
    if meaning is None:
        return _found(work, wish, spoken, None)
    with meaning.space.lock:
        return _found(work, wish, spoken, meaning)


def _found(
    work: Work, wish: Wish, spoken: Mapping[int, float], meaning: Meaning | None
) -> list[Hit]:
    bounds = _bounds(work, wish.scope)
    within = bounds.within(work, rank.best(spoken, len(spoken)))[:WORD_CANDIDATES]
    said = {chunk: spoken[chunk] for chunk in within}
    scored = _by_words(said) if meaning is None else _by_both(work, meaning, bounds, said)
    ranked = _ranked(work, scored, wish, meaning)
    groups = hits.joined(ranked, wish.limit, wish.of_one_document)
    return hits.shown(work, groups, wish.characters, explained=wish.explained)


def _bounds(work: Work, scope: Scope) -> _Bounds:
    if not scope:
        return _Bounds()
    selection = scopes.select(work, scope)
    listed = scopes.members(work, selection)
    return _Bounds(selection=selection) if listed is None else _Bounds(among=listed)


def _by_words(spoken: Mapping[int, float]) -> _Scored:
    best = max(spoken.values(), default=0.0) or 1.0
    return _Scored({chunk: score / best for chunk, score in spoken.items()}, spoken)


def _by_both(work: Work, meaning: Meaning, bounds: _Bounds, spoken: Mapping[int, float]) -> _Scored:
    """Ask twice: the second time with the question moved towards the best answers."""
    arithmetic, question = meaning.arithmetic, meaning.question
    vectors = nearest.vectors(work, question.model, list(spoken))
    vectors |= _near(work, meaning, bounds, question.vector)
    first = rank.fuse(_similar(arithmetic, question.vector, vectors), spoken)
    best = [vectors[chunk] for chunk in rank.best(first, FEEDBACK) if chunk in vectors]
    moved = arithmetic.moved(question.vector, best)
    vectors |= _near(work, meaning, bounds, moved)
    return _Scored(rank.fuse(_similar(arithmetic, moved, vectors), spoken), spoken, vectors)


def _near(work: Work, meaning: Meaning, bounds: _Bounds, vector: bytes) -> dict[int, bytes]:
    asked = Question(vector, meaning.question.model)
    found = nearest.candidates(
        work, meaning.space.scan, asked, bounds.among, most=bounds.candidates
    )
    if bounds.selection is None:
        return found
    return {chunk: found[chunk] for chunk in bounds.within(work, list(found))}


def _similar(
    arithmetic: Arithmetic, question: bytes, vectors: Mapping[int, bytes]
) -> dict[int, float]:
    return dict(zip(vectors, arithmetic.cosines(question, list(vectors.values())), strict=True))


def _ranked(work: Work, scored: _Scored, wish: Wish, meaning: Meaning | None) -> list[Ranked]:
    """Order the best passages, once those of archived entities are gone."""
    few = rank.best(scored.scores, max(POOL, 3 * wish.limit))
    places = hits.places(work, few)
    few = [chunk for chunk in few if chunk in places]
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
    return [
        _told(one, similar, scored.spoken, wish)
        for one in sorted(ranked, key=lambda one: (-one.score, one.place.chunk))
    ]


def _smoothed(
    arithmetic: Arithmetic,
    scores: Mapping[int, float],
    vectors: Mapping[int, bytes],
    places: Mapping[int, Place],
) -> dict[int, float]:
    """Let the best lean on each other; the others come after them, as they did."""
    pool = [chunk for chunk in rank.best(scores, POOL) if chunk in vectors]
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
    age_ms = max(work.now - place.updated_at, 0)
    recency = 0.5 ** (age_ms / HALF_LIFE_MS)
    quality = USUAL_QUALITY if place.quality is None else place.quality
    own = 1 - wish.recency - wish.quality
    whole = own * score + wish.recency * recency + wish.quality * quality
    return Ranked(
        place,
        whole,
        Scores(
            recency=round(recency, 4) if wish.recency else None,
            quality=quality if wish.quality else None,
        ),
    )


def _told(
    one: Ranked, similar: Mapping[int, float], spoken: Mapping[int, float], wish: Wish
) -> Ranked:
    if not wish.explained:
        return one
    chunk = one.place.chunk
    similarity, said = similar.get(chunk), spoken.get(chunk)
    scores = one.scores.model_copy(
        update={
            "similarity": None if similarity is None else round(similarity, 4),
            "words": None if said is None else round(said, 4),
        }
    )
    return Ranked(one.place, one.score, scores)
