"""Every failure a caller may see: a stable code, typed fields, and what would work instead."""

from typing import ClassVar, Self

from one_mcp.jsons import JsonObject, JsonValue

_LONGEST_SHOWN = 60


def shown(name: str) -> str:
    """Return a caller's name fit to stand in a sentence: printable and short."""
    cut = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"
    return "".join(character if character.isprintable() else "?" for character in cut)


class OneError(Exception):
    """The root of all failures that a caller can act on."""

    code: ClassVar[str] = "ERROR"
    retryable: bool = False  # whether the same call may work later

    def __init__(
        self, sentence: str, *, retryable: bool | None = None, **fields: JsonValue
    ) -> None:
        super().__init__(sentence)
        if retryable is not None:
            self.retryable = retryable
        self.fields: JsonObject = {
            name: value for name, value in fields.items() if value is not None
        }

    def within(self, place: str, **more: JsonValue) -> Self:
        """Return the same error with the place where it came up in front."""
        placed = type(self)(f"{place}: {self}", retryable=self.retryable)
        placed.fields = {**self.fields, **more}
        return placed

    def data(self) -> JsonObject:
        """Show the error as data, without its sentence."""
        retryable: JsonObject = {"retryable": True} if self.retryable else {}
        return {"code": self.code, **self.fields, **retryable}


class InvalidArgumentError(OneError):
    """An argument is missing, unknown, of the wrong type, or out of range."""

    code = "INVALID_ARGUMENT"


class InvalidPropertyError(OneError):
    """A property's value does not fit its declared type."""

    code = "INVALID_PROPERTY"


class UnknownTypeError(OneError):
    """An entity, relationship or event type is not in the ontology."""

    code = "UNKNOWN_TYPE"


class NotFoundError(OneError):
    """No such row in the caller's organization (a foreign id answers the same, D-12)."""

    code = "NOT_FOUND"


class ArchivedError(OneError):
    """The entity is archived, and the call needs a live one."""

    code = "ARCHIVED"


class DuplicateError(OneError):
    """Another entity already has this identity (D-14)."""

    code = "DUPLICATE"


class ConflictError(OneError):
    """The row has changed since the caller read it, or later changes stand in the way."""

    code = "CONFLICT"


class CycleError(OneError):
    """The connection would close a cycle in a relationship that allows none (D-08)."""

    code = "CYCLE"


class WrongDirectionError(OneError):
    """The connection is turned around (D-06)."""

    code = "WRONG_DIRECTION"


class ForbiddenError(OneError):
    """The caller's role or scopes do not allow this."""

    code = "FORBIDDEN"


class NotEnabledError(OneError):
    """The tool exists, but its toolset is not enabled on this server."""

    code = "NOT_ENABLED"


class AnswerTooLargeError(OneError):
    """The answer is larger than any client takes; the call must be narrowed."""

    code = "ANSWER_TOO_LARGE"


class ReadOnlyError(OneError):
    """The server or its file is read-only."""

    code = "READ_ONLY"


class IdempotencyError(OneError):
    """The idempotency key was used before with other arguments."""

    code = "IDEMPOTENCY_KEY_REUSED"


class PurgedAnswerError(OneError):
    """The answer kept under the idempotency key went with what was purged."""

    code = "PURGED"


class ConfirmationError(OneError):
    """An irreversible act was not confirmed."""

    code = "CONFIRMATION_REQUIRED"


class OntologyError(OneError):
    """An ontology file or pack is broken."""

    code = "BROKEN_ONTOLOGY"


class PromptFileError(OneError):
    """A prompt file is broken."""

    code = "BROKEN_PROMPT"


class SettingsError(OneError):
    """A setting is unknown or has a value that does not work."""

    code = "INVALID_SETTING"


class DatabaseError(OneError):
    """The database file cannot be used as it is."""

    code = "DATABASE"


class NotADatabaseError(DatabaseError):
    code = "NOT_A_DATABASE"


class NewerDatabaseError(DatabaseError):
    """A newer version of one_mcp wrote the file."""

    code = "NEWER_DATABASE"


class DamagedDatabaseError(DatabaseError):
    """The file fails SQLite's own checks."""

    code = "DAMAGED"


class InUseError(DatabaseError):
    """Another process is on the file, and what was asked needs it alone."""

    code = "IN_USE"


class BusyError(DatabaseError):
    """Other processes kept the file locked for longer than the waiting time."""

    code = "BUSY"
    retryable = True


class DiskFullError(DatabaseError):
    code = "DISK_FULL"


class OutcomeUnknownError(DatabaseError):
    """The disk failed while a change was made durable: it is wholly written, or wholly not."""

    code = "OUTCOME_UNKNOWN"


class UnsafeLibraryError(DatabaseError):
    """The SQLite library has the WAL-reset bug, and another process is on the file."""

    code = "UNSAFE_SQLITE"


class ImportFileError(OneError):
    """An import file cannot be read at all."""

    code = "IMPORT_FILE"


class ImportRowsError(OneError):
    """Rows of an import are bad, and nothing was written; `errors` lists them."""

    code = "IMPORT_ROWS"


class BrokenLineError(OneError):
    """One line of an import is not what its format says."""

    code = "BROKEN_LINE"


class TextFileError(OneError):
    """A file or page is no text that can be read, or its front matter is broken."""

    code = "TEXT_FILE"


class ExportFileError(OneError):
    """An export cannot be written where it was asked for."""

    code = "EXPORT_FILE"


class EmbedderError(OneError):
    """The embedding model cannot be loaded, or has not answered; where it may yet, `retryable`."""

    code = "EMBEDDER"


class FetchError(OneError):
    """A page cannot be fetched from the web; where it may be later, `retryable`."""

    code = "FETCH"


class StoppedError(OneError):
    """The caller no longer waits for the answer; nothing was written."""

    code = "STOPPED"


class UndoneError(StoppedError):
    """Somebody has undone what the call had written so far."""
