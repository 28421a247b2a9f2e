"""Hub tokens: where each token of a text stands, for texts of any length."""

from tokenizers import Tokenizer

from one_mcp.providers.ports.embedding import Span

BLOCK = 65_536  # characters that are encoded at once; what the tokenizer keeps is large


def endless(tokenizer: Tokenizer) -> Tokenizer:
    """Make a tokenizer take texts of any length as they are."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def spans(tokenizer: Tokenizer, text: str) -> list[Span]:
    """Cut into tokens; a long text in blocks that end at white space."""
    found: list[Span] = []
    start = 0
    while start < len(text):
        end = _block_end(text, start)
        offsets = tokenizer.encode(text[start:end], add_special_tokens=False).offsets
        found += [(start + first, start + last) for first, last in offsets if first < last]
        start = end
    return found


def room(tokenizer: Tokenizer, limit: int) -> int:
    """Say how many tokens of a text fit, since a model's limit counts its marks too."""
    return limit - tokenizer.num_special_tokens_to_add(is_pair=False)


def _block_end(text: str, start: int) -> int:
    """End a block before white space where there is any, so that no word is cut."""
    end = min(start + BLOCK, len(text))
    if end == len(text):
        return end
    space = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
    return space if space > start else end
