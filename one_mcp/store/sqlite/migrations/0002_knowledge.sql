DROP TABLE knowledge;

CREATE TABLE knowledge (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('document', 'vector_only')),
    title TEXT NOT NULL,
    text TEXT,
    media_type TEXT NOT NULL,
    language TEXT,
    source TEXT,
    source_id TEXT,
    source_field TEXT,
    hash TEXT NOT NULL,
    redacted INTEGER NOT NULL DEFAULT 0,
    quality REAL CHECK (quality BETWEEN 0 AND 1),
    metadata TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (organization_id, id),
    CHECK ((source_id IS NULL) = (source_field IS NULL)),
    FOREIGN KEY (organization_id, source_id) REFERENCES entities (organization_id, id)
) STRICT;

CREATE UNIQUE INDEX knowledge_by_field ON knowledge (organization_id, source_id, source_field) WHERE source_id IS NOT NULL;
CREATE UNIQUE INDEX knowledge_by_source ON knowledge (organization_id, source) WHERE source IS NOT NULL AND source_id IS NULL;
CREATE INDEX knowledge_by_updated ON knowledge (organization_id, updated_at);
CREATE INDEX knowledge_by_title ON knowledge (organization_id, title COLLATE NOCASE);
CREATE INDEX knowledge_by_hash ON knowledge (organization_id, hash);

CREATE TABLE knowledge_links (
    organization_id TEXT NOT NULL,
    knowledge_id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('label', 'summary', 'chunk_of', 'caption', 'keyword')),
    PRIMARY KEY (organization_id, knowledge_id, entity_id, role),
    FOREIGN KEY (organization_id, knowledge_id) REFERENCES knowledge (organization_id, id),
    FOREIGN KEY (organization_id, entity_id) REFERENCES entities (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX knowledge_links_by_entity ON knowledge_links (organization_id, entity_id, role);

CREATE TABLE knowledge_labels (
    organization_id TEXT NOT NULL,
    knowledge_id TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (organization_id, knowledge_id, key, value),
    FOREIGN KEY (organization_id, knowledge_id) REFERENCES knowledge (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX knowledge_labels_by_key_value ON knowledge_labels (organization_id, key, value);

CREATE INDEX tags_by_value ON tags (organization_id, value);

CREATE TABLE embeddable_fields (
    type TEXT NOT NULL,
    field TEXT NOT NULL,
    PRIMARY KEY (type, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE knowledge_queue (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    leased_until INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    UNIQUE (organization_id, subject_id)
) STRICT;

CREATE TABLE chunks (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES knowledge (row),
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    heading TEXT NOT NULL,
    text TEXT,
    words TEXT,
    hash TEXT NOT NULL,
    UNIQUE (document, ordinal)
) STRICT;

CREATE INDEX chunks_by_hash ON chunks (organization_id, hash);

CREATE VIRTUAL TABLE chunks_fts USING fts5 (
    heading, text,
    content = '',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TABLE models (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    dimension INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE vectors (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL,
    model INTEGER NOT NULL REFERENCES models (number),
    chunk INTEGER NOT NULL REFERENCES chunks (row),
    vector BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX vectors_by_chunk ON vectors (chunk, model);

CREATE TABLE vector_queue (
    model INTEGER NOT NULL REFERENCES models (number),
    chunk INTEGER NOT NULL,
    organization_id TEXT NOT NULL,
    leased_until INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (model, chunk)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER entities_queue_insert AFTER INSERT ON entities
WHEN EXISTS (
    SELECT 1 FROM embeddable_fields
    WHERE type = NEW.type AND json_type(NEW.properties, '$."' || field || '"') = 'text'
) BEGIN
    DELETE FROM knowledge_queue WHERE organization_id = NEW.organization_id AND subject_id = NEW.id;
    INSERT INTO knowledge_queue (organization_id, subject_id) VALUES (NEW.organization_id, NEW.id);
END;

CREATE TRIGGER entities_queue_update AFTER UPDATE OF type, name, properties ON entities
WHEN EXISTS (
    SELECT 1 FROM embeddable_fields
    WHERE type = NEW.type
      AND (
          json_extract(NEW.properties, '$."' || field || '"') IS NOT json_extract(OLD.properties, '$."' || field || '"')
          OR NEW.name IS NOT OLD.name
      )
) BEGIN
    DELETE FROM knowledge_queue WHERE organization_id = NEW.organization_id AND subject_id = NEW.id;
    INSERT INTO knowledge_queue (organization_id, subject_id) VALUES (NEW.organization_id, NEW.id);
END;

CREATE TRIGGER entities_forget_fields BEFORE DELETE ON entities BEGIN
    DELETE FROM knowledge
    WHERE organization_id = OLD.organization_id AND source_id = OLD.id;
    DELETE FROM knowledge_queue
    WHERE organization_id = OLD.organization_id AND subject_id = OLD.id;
END;

CREATE TRIGGER knowledge_queue_insert AFTER INSERT ON knowledge
WHEN NEW.source_id IS NULL AND NEW.text IS NOT NULL BEGIN
    DELETE FROM knowledge_queue WHERE organization_id = NEW.organization_id AND subject_id = NEW.id;
    INSERT INTO knowledge_queue (organization_id, subject_id) VALUES (NEW.organization_id, NEW.id);
END;

CREATE TRIGGER knowledge_queue_update AFTER UPDATE OF title, text, media_type ON knowledge
WHEN NEW.source_id IS NULL AND NEW.text IS NOT NULL
 AND (NEW.title IS NOT OLD.title OR NEW.text IS NOT OLD.text OR NEW.media_type IS NOT OLD.media_type) BEGIN
    DELETE FROM knowledge_queue WHERE organization_id = NEW.organization_id AND subject_id = NEW.id;
    INSERT INTO knowledge_queue (organization_id, subject_id) VALUES (NEW.organization_id, NEW.id);
END;

CREATE TRIGGER knowledge_forget_parts BEFORE DELETE ON knowledge BEGIN
    DELETE FROM knowledge_links
    WHERE organization_id = OLD.organization_id AND knowledge_id = OLD.id;
    DELETE FROM knowledge_labels
    WHERE organization_id = OLD.organization_id AND knowledge_id = OLD.id;
    DELETE FROM chunks WHERE document = OLD.row;
    DELETE FROM knowledge_queue
    WHERE organization_id = OLD.organization_id AND subject_id = OLD.id;
END;

CREATE TRIGGER chunks_index AFTER INSERT ON chunks BEGIN
    INSERT INTO chunks_fts (rowid, heading, text) VALUES (NEW.row, NEW.heading, coalesce(NEW.words, NEW.text));
    INSERT INTO vector_queue (model, chunk, organization_id) SELECT number, NEW.row, NEW.organization_id FROM models WHERE NEW.text IS NOT NULL;
END;

CREATE TRIGGER chunks_never_change BEFORE UPDATE ON chunks BEGIN
    SELECT RAISE(ABORT, 'chunks are cut anew, never changed');
END;

CREATE TRIGGER chunks_forget BEFORE DELETE ON chunks BEGIN
    INSERT INTO chunks_fts (chunks_fts, rowid, heading, text)
    VALUES ('delete', OLD.row, OLD.heading, coalesce(OLD.words, OLD.text));
    DELETE FROM vectors WHERE chunk = OLD.row;
    DELETE FROM vector_queue WHERE model IN (SELECT number FROM models) AND chunk = OLD.row;
END;

CREATE TRIGGER vectors_done AFTER INSERT ON vectors BEGIN
    DELETE FROM vector_queue WHERE model = NEW.model AND chunk = NEW.chunk;
END;

CREATE TRIGGER vectors_done_anew AFTER UPDATE OF vector ON vectors BEGIN
    DELETE FROM vector_queue WHERE model = NEW.model AND chunk = NEW.chunk;
END;

CREATE TRIGGER models_queue_all AFTER INSERT ON models BEGIN
    INSERT INTO vector_queue (model, chunk, organization_id) SELECT NEW.number, row, organization_id FROM chunks WHERE text IS NOT NULL;
END;

CREATE TRIGGER models_forget BEFORE DELETE ON models BEGIN
    DELETE FROM vector_queue WHERE model = OLD.number;
    DELETE FROM vectors WHERE model = OLD.number;
END;

CREATE TRIGGER knowledge_log_insert AFTER INSERT ON knowledge
WHEN NEW.source_id IS NULL BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'knowledge', NEW.id,
        NULL,
        json_object('row', NEW.row, 'id', NEW.id, 'kind', NEW.kind, 'title', NEW.title, 'media_type', NEW.media_type, 'language', NEW.language, 'source', NEW.source, 'hash', NEW.hash, 'redacted', NEW.redacted, 'quality', NEW.quality, 'metadata', NEW.metadata, 'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'version', NEW.version)
    );
END;

CREATE TRIGGER knowledge_log_update AFTER UPDATE ON knowledge
WHEN NEW.source_id IS NULL BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'knowledge', NEW.id,
        json_object('row', OLD.row, 'id', OLD.id, 'kind', OLD.kind, 'title', OLD.title, 'text', OLD.text, 'media_type', OLD.media_type, 'language', OLD.language, 'source', OLD.source, 'hash', OLD.hash, 'redacted', OLD.redacted, 'quality', OLD.quality, 'metadata', OLD.metadata, 'created_at', OLD.created_at, 'updated_at', OLD.updated_at, 'version', OLD.version),
        json_object('row', NEW.row, 'id', NEW.id, 'kind', NEW.kind, 'title', NEW.title, 'media_type', NEW.media_type, 'language', NEW.language, 'source', NEW.source, 'hash', NEW.hash, 'redacted', NEW.redacted, 'quality', NEW.quality, 'metadata', NEW.metadata, 'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'version', NEW.version)
    );
END;

CREATE TRIGGER knowledge_log_delete AFTER DELETE ON knowledge
WHEN OLD.source_id IS NULL BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        OLD.organization_id, (SELECT max(number) FROM changes), 'knowledge', OLD.id,
        json_object('row', OLD.row, 'id', OLD.id, 'kind', OLD.kind, 'title', OLD.title, 'text', OLD.text, 'media_type', OLD.media_type, 'language', OLD.language, 'source', OLD.source, 'hash', OLD.hash, 'redacted', OLD.redacted, 'quality', OLD.quality, 'metadata', OLD.metadata, 'created_at', OLD.created_at, 'updated_at', OLD.updated_at, 'version', OLD.version),
        NULL
    );
END;

CREATE INDEX change_rows_links ON change_rows (organization_id, json_extract(coalesce(after, before), '$.entity_id'))
WHERE kind = 'knowledge_link';

CREATE TRIGGER knowledge_links_log_insert AFTER INSERT ON knowledge_links
WHEN (SELECT source_id FROM knowledge WHERE organization_id = NEW.organization_id AND id = NEW.knowledge_id) IS NULL BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'knowledge_link', NEW.knowledge_id,
        NULL,
        json_object('knowledge_id', NEW.knowledge_id, 'entity_id', NEW.entity_id, 'role', NEW.role)
    );
END;

CREATE TRIGGER knowledge_links_log_delete AFTER DELETE ON knowledge_links
WHEN (SELECT source_id FROM knowledge WHERE organization_id = OLD.organization_id AND id = OLD.knowledge_id) IS NULL BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        OLD.organization_id, (SELECT max(number) FROM changes), 'knowledge_link', OLD.knowledge_id,
        json_object('knowledge_id', OLD.knowledge_id, 'entity_id', OLD.entity_id, 'role', OLD.role),
        NULL
    );
END;

CREATE TRIGGER knowledge_labels_log_insert AFTER INSERT ON knowledge_labels
WHEN (SELECT source_id FROM knowledge WHERE organization_id = NEW.organization_id AND id = NEW.knowledge_id) IS NULL BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'knowledge_label', NEW.knowledge_id,
        NULL,
        json_object('knowledge_id', NEW.knowledge_id, 'key', NEW.key, 'value', NEW.value)
    );
END;

CREATE TRIGGER knowledge_labels_log_delete AFTER DELETE ON knowledge_labels
WHEN (SELECT source_id FROM knowledge WHERE organization_id = OLD.organization_id AND id = OLD.knowledge_id) IS NULL BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        OLD.organization_id, (SELECT max(number) FROM changes), 'knowledge_label', OLD.knowledge_id,
        json_object('knowledge_id', OLD.knowledge_id, 'key', OLD.key, 'value', OLD.value),
        NULL
    );
END;
