"""The tables: one description of each, for whatever needs to know what a table is made of.

The log's triggers, its images and the lists of columns follow from here. The numbered migrations
write the tables themselves, and a test compares a fresh file with these descriptions.
"""

from one_mcp.store import money_tables
from one_mcp.store.table import TENANT, LogRule, Table, reference, table, unique

_ORGANIZATION = reference(TENANT, "organizations", TENANT)
_OF_OWN_TEXT = (
    "(SELECT source_id FROM knowledge"
    " WHERE organization_id = {row}.organization_id AND id = {row}.knowledge_id) IS NULL"
)

ORGANIZATIONS = table(
    "organizations",
    "organization_id text, name text, status text, plan text, properties json,"
    " created_at integer, updated_at integer, version integer",
    key=TENANT,
    logged=LogRule("organization", row_id=TENANT),
)
PEOPLE = table(
    "people",
    "organization_id text, id text, name text, email text?, role text, properties json,"
    " created_at integer, updated_at integer, version integer",
    key="organization_id id",
    unique=(unique("organization_id email", "email IS NOT NULL"),),
    references=(_ORGANIZATION,),
    logged=LogRule("person"),
)
ENTITIES = table(
    "entities",
    "seq serial, organization_id text, id text, type text, name text, properties json,"
    " status text, identity text?, external_id text?, created_at integer, updated_at integer,"
    " deleted_at integer?, status_before text?, version integer",
    key="organization_id id",
    unique=(
        unique("organization_id type identity", "identity IS NOT NULL"),
        unique("organization_id external_id type", "external_id IS NOT NULL"),
    ),
    references=(_ORGANIZATION,),
    logged=LogRule("entity"),
)
CONNECTIONS = table(
    "connections",
    "seq serial, organization_id text, id text, from_id text, type text, to_id text,"
    " metadata json, created_at integer, updated_at integer, deleted_at integer?, version integer,"
    " valid_from integer?, valid_until integer?",
    key="organization_id id",
    unique=(unique("organization_id from_id to_id type"),),
    references=(
        reference("organization_id from_id", "entities"),
        reference("organization_id to_id", "entities"),
    ),
    logged=LogRule(
        "connection",
        # what follows from the ends of a connection is not told of each
        updated_unless="EXISTS (SELECT 1 FROM hidden_hubs"
        " WHERE hidden_hubs.organization_id = {row}.organization_id AND hidden_hubs.moving = 1)",
    ),
)
CONNECTION_COUNTS = table(
    "connection_counts",
    "organization_id text, entity_id text, direction text, type text, live integer",
    key="organization_id entity_id direction type",
)
EVENTS = table(
    "events",
    "seq serial, organization_id text, id text, type text, actor_id text, target_id text?,"
    " at integer, metadata json, external_id text?, version integer",
    key="organization_id id",
    references=(_ORGANIZATION,),
)
TAGS = table(
    "tags",
    "organization_id text, entity_id text, key text, value text",
    key="organization_id entity_id key value",
    references=(reference("organization_id entity_id", "entities"),),
    logged=LogRule("tag", row_id="entity_id"),
)
KNOWLEDGE = table(
    "knowledge",
    "seq serial, organization_id text, id text, kind text, title text, text text?,"
    " media_type text, language text?, source text?, source_id text?, source_field text?,"
    " hash text, redacted integer, quality real?, metadata json, created_at integer,"
    " updated_at integer, version integer",
    key="organization_id id",
    unique=(
        unique("organization_id source_id source_field", "source_id IS NOT NULL"),
        unique("organization_id source", "source IS NOT NULL AND source_id IS NULL"),
        unique("organization_id seq"),
    ),
    references=(_ORGANIZATION, reference("organization_id source_id", "entities")),
    logged=LogRule(
        "knowledge",
        when="{row}.source_id IS NULL",  # the text of an entity's field is logged with the entity
        apart=frozenset({"source_id", "source_field"}),
        before_only=frozenset({"text"}),  # of any length, and in the row itself while it is there
    ),
)
KNOWLEDGE_LINKS = table(
    "knowledge_links",
    "organization_id text, knowledge_id text, entity_id text, role text",
    key="organization_id knowledge_id entity_id role",
    references=(
        reference("organization_id knowledge_id", "knowledge"),
        reference("organization_id entity_id", "entities"),
    ),
    logged=LogRule("knowledge_link", row_id="knowledge_id", when=_OF_OWN_TEXT),
)
KNOWLEDGE_LABELS = table(
    "knowledge_labels",
    "organization_id text, knowledge_id text, key text, value text",
    key="organization_id knowledge_id key value",
    references=(reference("organization_id knowledge_id", "knowledge"),),
    logged=LogRule("knowledge_label", row_id="knowledge_id", when=_OF_OWN_TEXT),
)
EMBEDDABLE_FIELDS = table("embeddable_fields", "type text, field text", key="type field")
CHUNK_QUEUE = table(
    "chunk_queue",
    "seq serial, organization_id text, subject_id text, leased_until integer, failures integer",
    key="organization_id subject_id",
)
CHUNKS = table(
    "chunks",
    "seq serial, organization_id text, document integer, ordinal integer, start integer,"
    " stop integer, heading text, text text?, hash text",
    key="organization_id document ordinal",
    unique=(unique("organization_id seq"),),
    references=(reference("organization_id document", "knowledge", "organization_id seq"),),
)
EMBEDDING_MODELS = table(
    "embedding_models",
    "number serial, name text, dimension integer, created_at integer",
    key="number",
    unique=(unique("name"),),
)
EMBEDDINGS = table(
    "embeddings",
    "seq serial, organization_id text, model integer, chunk integer, vector blob",
    key="organization_id chunk model",
    references=(
        reference("model", "embedding_models", "number"),
        reference("organization_id chunk", "chunks", "organization_id seq"),
    ),
)
EMBEDDING_QUEUE = table(
    "embedding_queue",
    "organization_id text, model integer, chunk integer, leased_until integer, failures integer",
    key="organization_id model chunk",
    references=(reference("model", "embedding_models", "number"),),
)
TENANTS = table(
    "tenants",
    "number serial, organization_id text",
    key="number",
    unique=(unique("organization_id"),),
    references=(reference("organization_id", "organizations", "organization_id"),),
)
TEXT_COUNTS = table(
    "text_counts",
    "organization_id text, kind text, texts integer, added integer",
    key="organization_id kind",
)
UNINDEXED = table(
    "unindexed", "organization_id text, kind text, below integer", key="organization_id kind"
)
INDEXED_PROPERTIES = table("indexed_properties", "name text", key="name")
PROPERTY_FIELDS = table(
    "property_fields",
    "number serial, organization_id text, type text, name text",
    key="number",
    unique=(unique("organization_id type name"),),
    references=(_ORGANIZATION,),
)
PROPERTY_TEXTS = table(
    "property_texts",
    "organization_id text, field integer, value text, entity integer",
    key="organization_id field value entity",
)
PROPERTY_NUMBERS = table(
    "property_numbers",
    "organization_id text, field integer, value real, entity integer",
    key="organization_id field value entity",
)
UNINDEXED_PROPERTIES = table(
    "unindexed_properties", "organization_id text, below integer", key=TENANT
)
IDEMPOTENCY_KEYS = table(
    "idempotency_keys",
    "organization_id text, person_id text, key text, step integer, digest text, answer text?,"
    " whole integer, change integer, created_at integer",
    key="organization_id person_id key step",
)
IDEMPOTENCY_SUBJECTS = table(
    "idempotency_subjects",
    "organization_id text, person_id text, key text, step integer, subject text",
    key="organization_id person_id key step subject",
    references=(
        reference(
            "organization_id person_id key step",
            "idempotency_keys",
            "organization_id person_id key step",
        ),
    ),
)
HEADS = table("heads", "organization_id text, number integer, at integer", key=TENANT)
CHANGE_LOG = table(
    "change_log",
    "organization_id text, number integer, person_id text, tool text, reason text?, at integer,"
    " undoes integer?, undone_by integer?, touched text?, part_of integer?, unfinished integer?,"
    " client text?",
    key="organization_id number",
)
CHANGE_ROWS = table(
    "change_rows",
    "seq serial, organization_id text, change integer, kind text, row_id text, before json?,"
    " after json?, purged_by integer?, steps integer, image json?",
    key="seq",
)

RETRACTIONS = table(
    "retractions",
    "organization_id text, event_id text, type text, at integer, event integer, reason text?,"
    " replaced_by text?, version integer",
    key="organization_id event_id",
    unique=(unique("organization_id type at event"),),
    references=(
        reference("organization_id event_id", "events"),
        reference("organization_id replaced_by", "events"),
    ),
    logged=LogRule("retraction", row_id="event_id"),
)
MERGED_ENTITIES = table(
    "merged_entities",
    "organization_id text, id text, survivor_id text, type text, name text, external_id text?,"
    " version integer",
    key="organization_id id",
    references=(reference("organization_id survivor_id", "entities"),),
    logged=LogRule("merge"),
)
HIDDEN_HUBS = table(
    "hidden_hubs",
    "organization_id text, entity_id text, version integer, opening integer,"
    " leased_until integer, side integer, passed_at integer, passed integer, seen integer,"
    " moving integer",
    key="organization_id entity_id",
    references=(reference("organization_id entity_id", "entities"),),
)
COMPACTIONS = table(
    "compactions",
    "organization_id text, below integer, at integer",
    key=TENANT,
    references=(_ORGANIZATION,),
)
ERASURES = table(
    "erasures",
    "organization_id text, number integer",
    key="organization_id number",
    references=(_ORGANIZATION,),
)
TABLES: dict[str, Table] = {
    each.name: each
    for each in (
        *(ORGANIZATIONS, PEOPLE, ENTITIES, CONNECTIONS, CONNECTION_COUNTS, EVENTS, TAGS),
        *(KNOWLEDGE, KNOWLEDGE_LINKS, KNOWLEDGE_LABELS, EMBEDDABLE_FIELDS, CHUNK_QUEUE),
        *(CHUNKS, EMBEDDING_MODELS, EMBEDDINGS, EMBEDDING_QUEUE, HEADS, CHANGE_LOG, CHANGE_ROWS),
        *(IDEMPOTENCY_KEYS, IDEMPOTENCY_SUBJECTS, RETRACTIONS, HIDDEN_HUBS, ERASURES, COMPACTIONS),
        *(TENANTS, TEXT_COUNTS, UNINDEXED, UNINDEXED_PROPERTIES),
        *(INDEXED_PROPERTIES, PROPERTY_FIELDS, PROPERTY_TEXTS, PROPERTY_NUMBERS),
        *(MERGED_ENTITIES,),
        *money_tables.TABLES,
    )
}
LOGGED: dict[str, Table] = {
    each.logged.kind: each for each in TABLES.values() if each.logged is not None
}
