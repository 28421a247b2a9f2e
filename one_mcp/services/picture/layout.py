"""Places for boxes: distances like those in the graph, the first in the middle, none overlapping.

Stress majorization (Gansner, Koren, North 2004, https://doi.org/10.1007/978-3-540-31843-9_25) from
a radial start, then boxes that overlap push each other apart. No randomness: the same graph gives
the same picture.
"""

import heapq
import math
from dataclasses import dataclass

import numpy as np

from one_mcp.services.picture.scene import BOX_HEIGHT, Scene

STEP = 128.0  # px between neighbours, before a hub's many neighbours need more
CROWD = 5.0  # neighbours that find room at that distance
STRETCH = 1.55  # boxes are wide, so the plane is too
ROUNDS = 90
PUSHES = 400
GAP_X, GAP_Y = 30.0, 30.0
LINKED_GAP_X, LINKED_GAP_Y = 112.0, 48.0  # room for an arrow and its words


@dataclass(slots=True)
class Centre:
    """The middle of a box."""

    x: float
    y: float


def places(scene: Scene) -> list[Centre]:
    """Find a place for each box of the scene."""
    index = {box.id: number for number, box in enumerate(scene.boxes)}
    links = {
        frozenset((index[arrow.start], index[arrow.end]))
        for arrow in scene.arrows
        if arrow.start != arrow.end
    }
    near: list[list[int]] = [[] for _ in scene.boxes]
    for one, other in map(sorted, links):
        near[one].append(other)
        near[other].append(one)
    wanted = [_distances(near, number) for number in range(len(near))]
    found = _radial(near, wanted)
    _relax(found, wanted)
    for place in found:
        place.x *= STRETCH
    _separate(found, [box.width for box in scene.boxes], links)
    return found


def _distances(near: list[list[int]], start: int) -> list[float]:
    """Measure the shortest ways from one box to all; links at a hub are longer."""
    reached = [math.inf] * len(near)
    reached[start] = 0.0
    queue = [(0.0, start)]
    while queue:
        so_far, here = heapq.heappop(queue)
        for there in near[here]:
            busy = max(len(near[here]), len(near[there]))
            way = so_far + STEP * max(1.0, math.sqrt(busy / CROWD))
            if way < reached[there]:
                reached[there] = way
                heapq.heappush(queue, (way, there))
    farthest = max((way for way in reached if way < math.inf), default=0.0)
    return [way if way < math.inf else farthest + 2 * STEP for way in reached]


def _radial(near: list[list[int]], wanted: list[list[float]]) -> list[Centre]:
    """Put each box at its distance from the first, in a sector as wide as what hangs from it."""
    found = [Centre(0.0, 0.0) for _ in near]
    parents, order = _tree(near)
    leaves = [0] * len(near)
    for child in reversed(order):
        leaves[child] = max(leaves[child], 1)
        if child:
            leaves[parents[child]] += leaves[child]
    turn = [(0.0, math.tau)] * len(near)
    for here in order:
        begin, end = turn[here]
        angle = (begin + end) / 2 - math.pi / 2
        if here:
            found[here] = Centre(
                math.cos(angle) * wanted[0][here], math.sin(angle) * wanted[0][here]
            )
        children = [box for box in order if box and parents[box] == here]
        share = (end - begin) / max(1, sum(leaves[child] for child in children))
        for child in children:
            turn[child] = (begin, begin + share * leaves[child])
            begin += share * leaves[child]
    return found


def _tree(near: list[list[int]]) -> tuple[list[int], list[int]]:
    """Choose each box's parent, breadth first, and the order in which they were found.

    What hangs from nothing hangs from the first.
    """
    parents = [-1] * len(near)
    order: list[int] = []
    for root in range(len(near)):
        if parents[root] >= 0:
            continue
        parents[root] = 0
        queue = [root]
        for here in queue:
            for there in near[here]:
                if parents[there] < 0:
                    parents[there] = here
                    queue.append(there)
        order += queue
    return parents, order


def _relax(found: list[Centre], wanted: list[list[float]]) -> None:
    """Move every box but the first to where its distances to all others fit best."""
    x = np.array([place.x for place in found])
    y = np.array([place.y for place in found])
    distances = np.array(wanted)
    np.fill_diagonal(distances, 1.0)
    weights = 1.0 / distances**2
    np.fill_diagonal(weights, 0.0)
    for _ in range(ROUNDS):
        moved = 0.0
        for here in range(1, len(found)):
            dx, dy = x[here] - x, y[here] - y
            away = np.hypot(dx, dy)
            away[away == 0.0] = 1.0
            pull, weight = distances[here] / away, weights[here]
            all_weights = weight.sum()
            new_x = float(weight @ (x + pull * dx) / all_weights)
            new_y = float(weight @ (y + pull * dy) / all_weights)
            moved = max(moved, abs(new_x - x[here]), abs(new_y - y[here]))
            x[here], y[here] = new_x, new_y
        if moved < 0.5:  # noqa: PLR2004  # px, nobody sees it
            break
    for place, to_x, to_y in zip(found, x.tolist(), y.tolist(), strict=True):
        place.x, place.y = to_x, to_y


def _separate(found: list[Centre], widths: list[float], links: set[frozenset[int]]) -> None:
    """Push overlapping boxes apart, along the shorter way; the first one stays."""
    half = np.array(widths) / 2
    width = half[:, None] + half[None, :] + GAP_X
    height = np.full_like(width, BOX_HEIGHT + GAP_Y)
    for one, other in map(sorted, links):
        width[one, other] += LINKED_GAP_X - GAP_X
        height[one, other] += LINKED_GAP_Y - GAP_Y
    for _ in range(PUSHES):
        x = np.array([place.x for place in found])
        y = np.array([place.y for place in found])
        near = (np.abs(x[:, None] - x) < width) & (np.abs(y[:, None] - y) < height)
        pairs = np.argwhere(np.triu(near, 1)).tolist()
        for one, other in pairs:
            _push(
                found[one],
                found[other],
                float(width[one, other]),
                float(height[one, other]),
                first=one == 0,
            )
        if not pairs:
            return


def _push(one: Centre, other: Centre, width: float, height: float, *, first: bool) -> None:
    """Move two middles to at least a width or a height from each other, if they are not yet."""
    dx, dy = other.x - one.x, other.y - one.y
    over_x, over_y = width - abs(dx), height - abs(dy)
    if over_x <= 0 or over_y <= 0:
        return
    share = 1.0 if first else 0.5
    if over_x < over_y:
        step = math.copysign(over_x + 0.1, dx)
        other.x += step * share
        one.x -= step * (1 - share)
    else:
        step = math.copysign(over_y + 0.1, dy)
        other.y += step * share
        one.y -= step * (1 - share)
