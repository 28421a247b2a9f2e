"""The picture itself: SVG that needs nothing else, light or dark as the reader's system is."""

import re
from html import escape

from one_mcp.services.picture import colours
from one_mcp.services.picture.layout import Centre, places
from one_mcp.services.picture.lines import WORD_SIZE, Curve, lines
from one_mcp.services.picture.scene import (
    BOX_HEIGHT,
    LONGEST_TITLE,
    NAME_SIZE,
    TYPE_SIZE,
    Arrow,
    Box,
    Scene,
    cut,
    measure,
)
from one_mcp.texts import visible

MARGIN = 28.0
HEAD = 62.0
LEGEND_ROW = 24.0
TITLE_SIZE, CAPTION_SIZE = 18, 12  # px
SAMPLE = 34.0  # px, of a line in the legend
DASHES = ("none", "7 4", "2 4", "11 4 2 4")
LEAST_WIDTH = 560.0
FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Ubuntu,sans-serif"
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
STYLE = f"""
svg {{ max-width: 100%; height: auto; background: var(--ground) }}
text {{ font-family: {FONT}; fill: var(--ink) }}
.ground {{ fill: var(--ground) }}
.title {{ font-size: {TITLE_SIZE}px; font-weight: 600 }}
.caption, .legend {{ font-size: {CAPTION_SIZE}px; fill: var(--quiet) }}
.box rect {{ fill: var(--fill); stroke: var(--border); stroke-width: 1.4 }}
.first rect {{ stroke-width: 2.8 }}
.name {{ font-size: {NAME_SIZE}px; font-weight: 500; text-anchor: middle }}
.first .name {{ font-weight: 700 }}
.type {{ font-size: {TYPE_SIZE}px; fill: var(--border); text-anchor: middle }}
.arrow path, .key path {{ fill: none; stroke: var(--line); stroke-width: 1.3 }}
.word {{ font-size: {WORD_SIZE}px; fill: var(--quiet); text-anchor: middle; paint-order: stroke;
  stroke: var(--ground); stroke-width: 4px; stroke-linejoin: round }}
.tip {{ fill: var(--line) }}
""".strip()
TIP = """\
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" \
markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0,0.5 L8,4 L0,7.5 z"/></marker>\
</defs>"""


def draw(scene: Scene) -> str:
    """Draw a scene as an SVG document."""
    placed = places(scene)
    drawn = lines(scene, placed)
    left, top, right, bottom = _extent(scene, placed, drawn)
    title, caption = cut(scene.title, LONGEST_TITLE), cut(scene.caption, 2 * LONGEST_TITLE)
    words = measure(title, TITLE_SIZE), measure(caption, CAPTION_SIZE)
    width = max(right - left, LEAST_WIDTH, *words)
    left -= (width - (right - left)) / 2
    legend, legend_height = _legend(scene, left, bottom + 2 * LEGEND_ROW, width)
    view = (
        left - MARGIN,
        top - HEAD - MARGIN,
        width + 2 * MARGIN,
        bottom - top + HEAD + legend_height + LEGEND_ROW + 2 * MARGIN,
    )
    index = {box.id: number for number, box in enumerate(scene.boxes)}
    parts = [
        _opening(view),
        f"<style>\n{_palette(scene.groups)}\n{STYLE}",
        f"{_strokes(scene.common)}{_focus(scene, index)}</style>",
        TIP,
        _ground(view),
        _text("title", left, top - HEAD + 8, title, id="title"),
        _text("caption", left, top - HEAD + 29, caption, id="caption"),
        *(
            _arrow(arrow, line, scene, index)
            for arrow, line in zip(scene.arrows, drawn, strict=True)
        ),
        *(
            _box(number, box, place, scene.groups)
            for number, (box, place) in enumerate(zip(scene.boxes, placed, strict=True))
        ),
        *legend,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Escape a text for XML and HTML; what is hidden in it shows, what XML cannot hold is a ?."""
    return escape(_NO_XML.sub("?", visible.line(text)))


def _opening(view: tuple[float, float, float, float]) -> str:
    shape = " ".join(f"{number:.1f}" for number in view)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{shape}" width="{view[2]:.0f}" '
        f'height="{view[3]:.0f}" role="img" aria-labelledby="title caption">'
    )


def _ground(view: tuple[float, float, float, float]) -> str:
    x, y, width, height = (f"{number:.1f}" for number in view)
    return f'<rect class="ground" x="{x}" y="{y}" width="{width}" height="{height}"/>'


def _extent(
    scene: Scene, placed: list[Centre], drawn: list[Curve]
) -> tuple[float, float, float, float]:
    xs = [
        place.x + side * box.width / 2
        for box, place in zip(scene.boxes, placed, strict=True)
        for side in (-1, 1)
    ]
    ys = [place.y + side * BOX_HEIGHT / 2 for place in placed for side in (-1, 1)]
    middles = [line.at(0.5) for line in drawn]
    xs += [x for x, _ in middles]
    ys += [y for _, y in middles]
    return min(xs), min(ys), max(xs), max(ys)


def _palette(groups: list[str]) -> str:
    light, dark = _variables(groups, dark=False), _variables(groups, dark=True)
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _variables(groups: list[str], *, dark: bool) -> str:
    ground = colours.DARK if dark else colours.LIGHT
    rules = ["svg { " + "; ".join(f"--{name}: {value}" for name, value in ground.items()) + " }"]
    for number, group in enumerate(groups):
        colour = colours.of(group, dark=dark)
        rules.append(f".g{number} {{ --border: {colour.border}; --fill: {colour.fill} }}")
    return "\n".join(rules)


def _focus(scene: Scene, index: dict[str, int]) -> str:
    """Let everything but a box and its neighbours fade while the pointer is on it."""
    rules: list[str] = []
    for number, box in enumerate(scene.boxes):
        near = {number}
        for arrow in scene.arrows:
            if box.id in (arrow.start, arrow.end):
                near |= {index[arrow.start], index[arrow.end]}
        others = "".join(f":not(#b{other})" for other in sorted(near))
        rules.append(
            f"svg:has(#b{number}:hover) .box{others}, "
            f"svg:has(#b{number}:hover) .arrow:not(.a{number}) {{ opacity: .2 }}"
        )
    return "\n".join(rules) + "\n"


def _box(number: int, box: Box, place: Centre, groups: list[str]) -> str:
    first = " first" if number == 0 else ""
    left, top = place.x - box.width / 2, place.y - BOX_HEIGHT / 2
    return (
        f'<g class="box g{groups.index(box.group)}{first}" id="b{number}">'
        f"<title>{plain(f'{box.type}: {box.name} ({box.id})')}</title>"
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{BOX_HEIGHT}" rx="9"/>'
        + _text("name", place.x, place.y - 3, box.label)
        + _text("type", place.x, place.y + 14, box.kind)
        + "</g>"
    )


def _arrow(arrow: Arrow, line: Curve, scene: Scene, index: dict[str, int]) -> str:
    start, end = index[arrow.start], index[arrow.end]
    names = f"{scene.boxes[start].name} {arrow.reading} {scene.boxes[end].name} ({arrow.type})"
    common = scene.common
    shared = arrow.reading in common
    stroke = f" s{common.index(arrow.reading)}" if shared else ""
    return (
        f'<g class="arrow a{start} a{end}{stroke}"><title>{plain(names)}</title>'
        f'<path marker-end="url(#tip)" d="M{line.x1:.1f},{line.y1:.1f} '
        f'Q{line.bend_x:.1f},{line.bend_y:.1f} {line.x2:.1f},{line.y2:.1f}"/>'
        + ("" if shared else _text("word", line.word_x, line.word_y + 4, arrow.reading))
        + "</g>"
    )


def _strokes(common: list[str]) -> str:
    """Give the arrows of each common word a stroke of their own: dashes, then colours, too."""
    rules = ""
    for number in range(1, len(common)):
        again, dash = divmod(number, len(DASHES))
        colour = f"; stroke: {colours.stroke(again - 1)}" if again else ""
        rules += f".s{number} path {{ stroke-dasharray: {DASHES[dash]}{colour} }}\n"
    return rules


def _legend(scene: Scene, left: float, top: float, width: float) -> tuple[list[str], float]:
    """Explain colours, and below them the strokes of arrows that share their words."""
    parts: list[str] = []
    y = top
    for entries, sign, room in (
        (scene.groups, _patch, 18.0),
        (scene.common, _sample, SAMPLE),
    ):
        x = left
        for number, words in enumerate(entries):
            shown = cut(words)
            wide = room + 7 + measure(shown, CAPTION_SIZE) + 18
            if x > left and x + wide > left + width:
                x, y = left, y + LEGEND_ROW
            parts.append(sign(number, x, y) + _text("legend", x + room + 7, y + 1, shown))
            x += wide
        y += LEGEND_ROW if entries else 0
    return parts, y - top


def _patch(number: int, x: float, y: float) -> str:
    return (
        f'<g class="box g{number}"><rect x="{x:.1f}" y="{y - 10:.1f}" width="18" height="13" '
        f'rx="4"/></g>'
    )


def _sample(number: int, x: float, y: float) -> str:
    return (
        f'<g class="key s{number}"><path marker-end="url(#tip)" '
        f'd="M{x:.1f},{y - 3:.1f} L{x + SAMPLE:.1f},{y - 3:.1f}"/></g>'
    )


def _text(kind: str, x: float, y: float, text: str, id: str | None = None) -> str:
    named = f' id="{id}"' if id else ""
    return f'<text class="{kind}"{named} x="{x:.1f}" y="{y:.1f}">{plain(text)}</text>'
