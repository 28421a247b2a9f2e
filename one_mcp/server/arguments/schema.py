"""JSON Schemas as a model should read them: pydantic's, without what only costs tokens."""

from functools import cache

from pydantic import BaseModel

from one_mcp.jsons import JsonObject, JsonValue, dumps

INLINE_CHARS = 160  # a definition that is used more than once is still inlined below this size
# Lengths are told when they are exceeded; nobody counts characters beforehand.
SAYS_NOTHING = frozenset(
    {"title", "discriminator", "minLength", "maxLength", "minItems", "maxItems", "$defs"}
)
ERROR: JsonObject = {"type": "object", "description": "instead: code, message"}
IN_ANSWERS_TOO = SAYS_NOTHING | {"default", "minimum", "maximum", "pattern"}


def of_arguments(model: type[BaseModel]) -> JsonObject:
    """Describe what a tool takes.

    That no other arguments are taken is said where one is sent: google-genai converts no schema in
    which `additionalProperties` is false, and a client for strict models writes it by itself.
    """
    return _Slimmer(model.model_json_schema(mode="validation"), SAYS_NOTHING).root()


@cache
def of_answer(model: type[BaseModel]) -> JsonObject:
    """Describe what a tool returns; left open, so that clients accept what later versions add.

    An error is an answer too: the TypeScript SDK holds it against this schema, and would show a
    model the mismatch instead of the error. So it is described, and nothing at the top is required.
    """
    schema = model.model_json_schema(mode="serialization")
    slim = _Slimmer(schema, IN_ANSWERS_TOO).root()
    slim.pop("required", None)
    return {**slim, "properties": {**_objects(slim.get("properties")), "error": {**ERROR}}}


class _Slimmer:
    def __init__(self, schema: JsonObject, dropped: frozenset[str]) -> None:
        self._schema = schema
        self._dropped = dropped
        self._definitions = _objects(schema.get("$defs"))
        self._uses = dict.fromkeys(self._definitions, 0)
        self._count(schema)
        self._shared: JsonObject = {}
        self._open: set[str] = set()
        self._recursive: set[str] = set()

    def root(self) -> JsonObject:
        """Slim the whole schema, with `$defs` only for what is recursive or long and used often."""
        if isinstance(reference := self._schema.get("$ref"), str):
            # a recursive root model; MCP wants an object at the root, not a reference
            slim = self._definition(reference.rpartition("/")[2])
        else:
            slim = self._slim(self._schema)
        slim.pop("description", None)
        return {**slim, "$defs": self._shared} if self._shared else slim

    def _count(self, node: JsonValue) -> None:
        if isinstance(node, list):
            for item in node:
                self._count(item)
        elif isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str):
                self._uses[reference.rpartition("/")[2]] += 1
            for item in node.values():
                self._count(item)

    def _definition(self, name: str) -> JsonObject:
        self._open.add(name)
        slim = self._slim(self._definitions[name])
        self._open.discard(name)
        slim.pop("description", None)  # a class docstring speaks to programmers
        return slim

    def _reference(self, name: str) -> JsonObject:
        pointer: JsonObject = {"$ref": f"#/$defs/{name}"}
        if name in self._open:
            self._recursive.add(name)
            return pointer
        if name in self._shared:
            return pointer
        slim = self._definition(name)
        small = self._uses[name] == 1 or len(dumps(slim)) <= INLINE_CHARS
        if small and name not in self._recursive:
            return slim
        self._shared[name] = slim
        return pointer

    def _slim(self, node: JsonObject) -> JsonObject:
        slim: JsonObject = {}
        for key, value in node.items():
            if key in self._dropped or _obvious(key, value):
                continue
            match key, value:
                case "$ref", str():
                    slim = {**self._reference(value.rpartition("/")[2]), **slim}
                case "anyOf" | "oneOf" | "allOf", list():
                    slim = {**self._choice(key, _objects_in(value)), **slim}
                case "properties", dict():
                    slim[key] = {name: self._slim(item) for name, item in _objects(value).items()}
                case "const", _:
                    slim["enum"] = [value]  # several clients' schemas have no const
                case "required", list():
                    required = [name for name in value if not self._nullable(node, name)]
                    slim |= {"required": required} if required else {}
                case "additionalProperties", bool():
                    continue
                case _, dict() if key in ("items", "additionalProperties"):
                    slim[key] = self._slim(value)
                case _:
                    slim[key] = value
        return slim

    def _choice(self, key: str, members: list[JsonObject]) -> JsonObject:
        kept = [self._slim(member) for member in members if member.get("type") != "null"]
        return kept[0] if len(kept) == 1 else {key: list(kept)}

    def _nullable(self, node: JsonObject, name: JsonValue) -> bool:
        field = _objects(node.get("properties")).get(str(name), {})
        options = field.get("anyOf")
        return isinstance(options, list) and {"type": "null"} in options


def _obvious(key: str, value: JsonValue) -> bool:
    match key:
        case "default":
            return value in (None, False, "", [], {})
        case "minimum":
            return value in (0, 1)
        case _:
            return False


def _objects(node: JsonValue) -> dict[str, JsonObject]:
    """Take the members of an object of objects."""
    if not isinstance(node, dict):
        return {}
    return {name: item for name, item in node.items() if isinstance(item, dict)}


def _objects_in(nodes: list[JsonValue]) -> list[JsonObject]:
    return [node for node in nodes if isinstance(node, dict)]
