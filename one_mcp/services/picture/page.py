"""A page around the picture: the same facts as a picture to look at and as tables to read."""

from one_mcp.services.picture.scene import Scene
from one_mcp.services.picture.svg import FONT, draw, plain

STYLE = f"""
:root {{ color-scheme: light dark }}
body {{ margin: 0; font: 15px/1.5 {FONT}; background: #fff; color: #1b2430 }}
figure {{ margin: 0; overflow: auto; text-align: center }}
figure svg {{ max-width: 100%; height: auto; min-width: 640px }}
main {{ max-width: 60rem; margin: 0 auto; padding: 0 1.5rem 3rem }}
h2 {{ font-size: 1.05rem; margin: 2.2rem 0 .5rem }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #dfe4ea }}
th, code {{ color: #5b6674; font-weight: 500 }}
code {{ font: 13px ui-monospace, Menlo, Consolas, monospace }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #12161c; color: #e8edf3 }}
  td, th {{ border-color: #2a323c }}
  th, code {{ color: #9aa6b5 }}
}}
""".strip()


def write(scene: Scene) -> str:
    """Write a scene as an HTML document that loads nothing."""
    names = {box.id: box.name for box in scene.boxes}
    entities = "\n".join(
        f"<tr><td>{plain(box.name)}</td><td>{plain(box.type)}</td>"
        f"<td><code>{plain(box.id)}</code></td></tr>"
        for box in scene.boxes
    )
    connections = "\n".join(
        f"<tr><td>{plain(names[arrow.start])}</td><td>{plain(arrow.reading)}</td>"
        f"<td>{plain(names[arrow.end])}</td><td><code>{plain(arrow.type)}</code></td></tr>"
        for arrow in scene.arrows
    )
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{plain(scene.title)}</title>
<style>
{STYLE}
</style>
</head>
<body>
<figure>
{draw(scene)}</figure>
<main>
<h2>Entities</h2>
<table><tr><th>name</th><th>type</th><th>id</th></tr>
{entities}
</table>
<h2>Connections</h2>
<table><tr><th>from</th><th></th><th>to</th><th>type</th></tr>
{connections}
</table>
</main>
</body>
</html>
"""
