"""Arrows between boxes: how they bend around others, where they end, where their words stand."""

import math
from dataclasses import dataclass, replace

from one_mcp.services.picture.layout import Centre
from one_mcp.services.picture.scene import BOX_HEIGHT, Scene, measure

BEND = 34.0  # px between the middles of two arrows that join the same boxes
DETOURS = (0.0, 22.0, -22.0, 45.0, -45.0, 75.0, -75.0, 110.0, -110.0)
FARTHEST = 400.0  # px from the straight line, for the widest detour of the last of many arrows
SAMPLES = 14  # points of a line that are looked at for what it would cross
WORD_SIZE = 11
WORD_HEIGHT = 15.0
POSITIONS = (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72, 0.22, 0.78)
TIP = 3.0  # px between an arrow's tip and the border


@dataclass(frozen=True, slots=True)
class Rectangle:
    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "Rectangle") -> float:
        """Measure the area that two rectangles share."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0 and high > 0 else 0.0

    def holds(self, x: float, y: float) -> bool:
        """Tell whether a point is in the rectangle, or next to it."""
        return self.left - TIP < x < self.right + TIP and self.top - TIP < y < self.bottom + TIP


@dataclass(frozen=True, slots=True)
class Curve:
    """A quadratic curve from border to border, and the middle of its words."""

    x1: float
    y1: float
    bend_x: float
    bend_y: float
    x2: float
    y2: float
    word_x: float
    word_y: float

    def at(self, share: float) -> tuple[float, float]:
        return _point((self.x1, self.y1), (self.bend_x, self.bend_y), (self.x2, self.y2), share)


def around(x: float, y: float, width: float, height: float) -> Rectangle:
    return Rectangle(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def lines(scene: Scene, places: list[Centre]) -> list[Curve]:
    """Draw each arrow of the scene; words keep off boxes and off each other where they can."""
    index = {box.id: number for number, box in enumerate(scene.boxes)}
    boxes = [
        around(place.x, place.y, box.width, BOX_HEIGHT)
        for box, place in zip(scene.boxes, places, strict=True)
    ]
    drawn: list[Curve] = []
    for arrow, offset in zip(scene.arrows, _offsets(scene, index), strict=True):
        ends = index[arrow.start], index[arrow.end]
        drawn.append(_around_others(places, boxes, ends, offset))
    taken = list(boxes)
    found: list[Curve] = []
    for arrow, line in zip(scene.arrows, drawn, strict=True):
        if arrow.reading in scene.common:
            found.append(line)
            continue
        width = measure(arrow.reading, WORD_SIZE) + 8
        x, y = _room(line, width, taken)
        taken.append(around(x, y, width, WORD_HEIGHT))
        found.append(replace(line, word_x=x, word_y=y))
    return found


def _offsets(scene: Scene, index: dict[str, int]) -> list[float]:
    """Spread arrows that join the same boxes, to the same side whichever way they point."""
    together: dict[frozenset[str], list[int]] = {}
    for number, arrow in enumerate(scene.arrows):
        together.setdefault(frozenset((arrow.start, arrow.end)), []).append(number)
    found: list[float] = []
    for number, arrow in enumerate(scene.arrows):
        pair = together[frozenset((arrow.start, arrow.end))]
        offset = (pair.index(number) - (len(pair) - 1) / 2) * BEND
        found.append(-offset if index[arrow.start] > index[arrow.end] else offset)
    return found


def _around_others(
    places: list[Centre], boxes: list[Rectangle], ends: tuple[int, int], offset: float
) -> Curve:
    """Bend a line where that spares it from running behind boxes that are not its own."""
    start, end = ends
    straight = _between(places[start], places[end], boxes[start], boxes[end], offset)
    near = _between_and_near(places[start], places[end])
    others = [
        box for number, box in enumerate(boxes) if number not in ends and near.overlap(box) > 0
    ]
    best, least = straight, _hidden(straight, others)
    for detour in DETOURS[1:]:
        if not least:
            break
        line = _between(places[start], places[end], boxes[start], boxes[end], offset + detour)
        hidden = _hidden(line, others)
        if hidden < least:
            best, least = line, hidden
    return best


def _between_and_near(start: Centre, end: Centre) -> Rectangle:
    """Bound where a line between two boxes may run, detours and all."""
    return Rectangle(
        min(start.x, end.x) - FARTHEST,
        min(start.y, end.y) - FARTHEST,
        max(start.x, end.x) + FARTHEST,
        max(start.y, end.y) + FARTHEST,
    )


def _hidden(line: Curve, boxes: list[Rectangle]) -> int:
    points = [line.at(number / SAMPLES) for number in range(1, SAMPLES)]
    return sum(box.holds(x, y) for box in boxes for x, y in points)


def _between(
    start: Centre, end: Centre, box_start: Rectangle, box_end: Rectangle, offset: float
) -> Curve:
    dx, dy = end.x - start.x, end.y - start.y
    away = math.hypot(dx, dy) or 1.0
    bend_x = (start.x + end.x) / 2 - dy / away * offset * 2
    bend_y = (start.y + end.y) / 2 + dx / away * offset * 2
    x1, y1 = _border(box_start, start, bend_x, bend_y, 0.0)
    x2, y2 = _border(box_end, end, bend_x, bend_y, TIP)
    return Curve(x1, y1, bend_x, bend_y, x2, y2, bend_x, bend_y)


def _border(box: Rectangle, middle: Centre, x: float, y: float, gap: float) -> tuple[float, float]:
    """Find where the way from a box's middle to a point leaves the box."""
    dx, dy = x - middle.x, y - middle.y
    away = math.hypot(dx, dy) or 1.0
    share = min(
        (box.right - box.left) / 2 / abs(dx) if dx else math.inf,
        (box.bottom - box.top) / 2 / abs(dy) if dy else math.inf,
        1.0,
    )
    share += gap / away
    return middle.x + dx * share, middle.y + dy * share


def _room(line: Curve, width: float, taken: list[Rectangle]) -> tuple[float, float]:
    """Choose the place along a line where words cover least."""
    best = line.at(POSITIONS[0])
    least = math.inf
    for share in POSITIONS:
        x, y = line.at(share)
        words = around(x, y, width, WORD_HEIGHT)
        covered = sum(words.overlap(other) for other in taken)
        if covered < least:
            best, least = (x, y), covered
        if covered == 0:
            break
    return best


def _point(
    one: tuple[float, float], two: tuple[float, float], three: tuple[float, float], share: float
) -> tuple[float, float]:
    rest = 1 - share
    x, y = (
        rest * rest * a + 2 * rest * share * b + share * share * c
        for a, b, c in zip(one, two, three, strict=True)
    )
    return x, y
