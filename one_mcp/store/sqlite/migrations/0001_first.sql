CREATE TABLE organizations (
    organization_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'active',
    plan TEXT NOT NULL DEFAULT 'starter',
    properties TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE people (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    role TEXT NOT NULL,
    properties TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) STRICT;

CREATE UNIQUE INDEX people_by_email ON people (organization_id, email) WHERE email IS NOT NULL;

CREATE TABLE entities (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    properties TEXT NOT NULL,
    status TEXT NOT NULL,
    identity TEXT,
    external_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    status_before TEXT,
    version INTEGER NOT NULL,
    UNIQUE (organization_id, id)
) STRICT;

CREATE UNIQUE INDEX entities_by_identity ON entities (organization_id, type, identity) WHERE identity IS NOT NULL;
CREATE UNIQUE INDEX entities_by_external_id ON entities (organization_id, external_id, type) WHERE external_id IS NOT NULL;
CREATE INDEX entities_by_type ON entities (organization_id, type, created_at) WHERE deleted_at IS NULL;
CREATE INDEX entities_by_status ON entities (organization_id, status, created_at);
CREATE INDEX entities_by_type_status ON entities (organization_id, type, status, created_at);
CREATE INDEX entities_by_created ON entities (organization_id, created_at) WHERE deleted_at IS NULL;
CREATE INDEX entities_by_updated ON entities (organization_id, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX entities_by_name ON entities (organization_id, name COLLATE NOCASE) WHERE deleted_at IS NULL;
CREATE INDEX entities_by_type_updated ON entities (organization_id, type, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX entities_by_type_name ON entities (organization_id, type, name COLLATE NOCASE) WHERE deleted_at IS NULL;

CREATE TABLE connections (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL,
    id TEXT NOT NULL,
    from_id TEXT NOT NULL,
    type TEXT NOT NULL,
    to_id TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    version INTEGER NOT NULL,
    UNIQUE (organization_id, id),
    CHECK (from_id <> to_id),
    FOREIGN KEY (organization_id, from_id) REFERENCES entities (organization_id, id),
    FOREIGN KEY (organization_id, to_id) REFERENCES entities (organization_id, id)
) STRICT;

CREATE UNIQUE INDEX connections_bidirectional ON connections (organization_id, from_id, to_id, type);
CREATE INDEX connections_from_entity ON connections (organization_id, from_id, created_at);
CREATE INDEX connections_to_entity ON connections (organization_id, to_id, created_at);
CREATE INDEX connections_from_type ON connections (organization_id, from_id, type, created_at);
CREATE INDEX connections_to_type ON connections (organization_id, to_id, type, created_at);
CREATE INDEX connections_by_created ON connections (organization_id, created_at);
CREATE INDEX connections_by_type ON connections (organization_id, type, created_at);

CREATE TABLE connection_counts (
    organization_id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    type TEXT NOT NULL,
    live INTEGER NOT NULL,
    PRIMARY KEY (organization_id, entity_id, direction, type)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER connections_count_insert AFTER INSERT ON connections
WHEN NEW.deleted_at IS NULL BEGIN
    INSERT INTO connection_counts (organization_id, entity_id, direction, type, live)
    VALUES
        (NEW.organization_id, NEW.from_id, 'out', NEW.type, 1),
        (NEW.organization_id, NEW.to_id, 'in', NEW.type, 1)
    ON CONFLICT DO UPDATE SET live = live + 1;
END;

CREATE TRIGGER connections_count_delete AFTER DELETE ON connections
WHEN OLD.deleted_at IS NULL BEGIN
    UPDATE connection_counts SET live = live - 1
    WHERE organization_id = OLD.organization_id AND entity_id = OLD.from_id AND direction = 'out' AND type = OLD.type;
    UPDATE connection_counts SET live = live - 1
    WHERE organization_id = OLD.organization_id AND entity_id = OLD.to_id AND direction = 'in' AND type = OLD.type;
END;

CREATE TRIGGER connections_count_hide AFTER UPDATE OF deleted_at ON connections
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL BEGIN
    UPDATE connection_counts SET live = live - 1
    WHERE organization_id = OLD.organization_id AND entity_id = OLD.from_id AND direction = 'out' AND type = OLD.type;
    UPDATE connection_counts SET live = live - 1
    WHERE organization_id = OLD.organization_id AND entity_id = OLD.to_id AND direction = 'in' AND type = OLD.type;
END;

CREATE TRIGGER connections_count_show AFTER UPDATE OF deleted_at ON connections
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL BEGIN
    INSERT INTO connection_counts (organization_id, entity_id, direction, type, live)
    VALUES
        (NEW.organization_id, NEW.from_id, 'out', NEW.type, 1),
        (NEW.organization_id, NEW.to_id, 'in', NEW.type, 1)
    ON CONFLICT DO UPDATE SET live = live + 1;
END;

CREATE TRIGGER connection_counts_end AFTER UPDATE OF live ON connection_counts
WHEN NEW.live = 0 BEGIN
    DELETE FROM connection_counts
    WHERE organization_id = NEW.organization_id AND entity_id = NEW.entity_id AND direction = NEW.direction AND type = NEW.type;
END;

CREATE TABLE events (
    row INTEGER PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    target_id TEXT,
    at INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    external_id TEXT,
    version INTEGER NOT NULL,
    UNIQUE (organization_id, id)
) STRICT;

CREATE UNIQUE INDEX events_by_external_id ON events (organization_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX events_by_type ON events (organization_id, type, at);
CREATE INDEX events_by_actor ON events (organization_id, actor_id, at);
CREATE INDEX events_by_target ON events (organization_id, target_id, at) WHERE target_id IS NOT NULL;
CREATE INDEX events_by_timestamp ON events (organization_id, at);
CREATE INDEX events_by_actor_type ON events (organization_id, actor_id, type, at);
CREATE INDEX events_by_target_type ON events (organization_id, target_id, type, at) WHERE target_id IS NOT NULL;
CREATE INDEX events_by_version ON events (version);

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

CREATE TABLE tags (
    organization_id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (organization_id, entity_id, key, value),
    FOREIGN KEY (organization_id, entity_id) REFERENCES entities (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX tags_by_key_value ON tags (organization_id, key, value);

CREATE TABLE knowledge (
    row INTEGER PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('document', 'chunk', 'label', 'vector_only')),
    text TEXT,
    source_id TEXT,
    source_field TEXT,
    metadata TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    version INTEGER NOT NULL,
    UNIQUE (organization_id, id)
) STRICT;

CREATE TABLE files (
    organization_id TEXT NOT NULL,
    id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, entity_id) REFERENCES entities (organization_id, id)
) STRICT;

CREATE INDEX files_by_entity ON files (organization_id, entity_id);

CREATE TABLE jobs (
    row INTEGER PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    arguments TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued',
    attempts INTEGER NOT NULL DEFAULT 0,
    run_at INTEGER NOT NULL,
    leased_until INTEGER,
    last_error TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX jobs_by_state ON jobs (state, run_at);

CREATE TABLE outbox (
    row INTEGER PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at INTEGER
) STRICT;

CREATE TABLE idempotency_keys (
    organization_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_created ON idempotency_keys (created_at);

CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    tool TEXT NOT NULL,
    reason TEXT,
    at INTEGER NOT NULL,
    undoes INTEGER,
    undone_by INTEGER,
    touched TEXT
) STRICT;

CREATE INDEX changes_by_organization ON changes (organization_id, number);

CREATE TABLE change_rows (
    row INTEGER PRIMARY KEY,
    organization_id TEXT NOT NULL,
    change INTEGER NOT NULL,
    kind TEXT NOT NULL,
    row_id TEXT NOT NULL,
    before TEXT,
    after TEXT,
    purged_by INTEGER
) STRICT;

CREATE INDEX change_rows_by_change ON change_rows (organization_id, change);
CREATE INDEX change_rows_by_row_id ON change_rows (organization_id, row_id, change);
CREATE INDEX change_rows_deleted_from ON change_rows (organization_id, json_extract(before, '$.from_id'))
WHERE kind = 'connection' AND after IS NULL;
CREATE INDEX change_rows_deleted_to ON change_rows (organization_id, json_extract(before, '$.to_id'))
WHERE kind = 'connection' AND after IS NULL;

CREATE VIEW entity_texts AS
SELECT row, name, (SELECT group_concat(value, ' ') FROM json_tree(properties) WHERE type = 'text') AS text
FROM entities;

CREATE VIRTUAL TABLE entities_fts USING fts5 (
    name, text,
    content = '',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE VIRTUAL TABLE entities_words USING fts5vocab (entities_fts, instance);

CREATE TRIGGER entities_fts_insert AFTER INSERT ON entities BEGIN
    INSERT INTO entities_fts (rowid, name, text)
    VALUES (NEW.row, NEW.name, (SELECT group_concat(value, ' ') FROM json_tree(NEW.properties) WHERE type = 'text'));
END;

CREATE TRIGGER entities_fts_delete AFTER DELETE ON entities BEGIN
    INSERT INTO entities_fts (entities_fts, rowid, name, text)
    VALUES ('delete', OLD.row, OLD.name, (SELECT group_concat(value, ' ') FROM json_tree(OLD.properties) WHERE type = 'text'));
END;

CREATE TRIGGER entities_fts_update AFTER UPDATE OF name, properties ON entities
WHEN OLD.name IS NOT NEW.name OR OLD.properties IS NOT NEW.properties BEGIN
    INSERT INTO entities_fts (entities_fts, rowid, name, text)
    VALUES ('delete', OLD.row, OLD.name, (SELECT group_concat(value, ' ') FROM json_tree(OLD.properties) WHERE type = 'text'));
    INSERT INTO entities_fts (rowid, name, text)
    VALUES (NEW.row, NEW.name, (SELECT group_concat(value, ' ') FROM json_tree(NEW.properties) WHERE type = 'text'));
END;

CREATE TRIGGER organizations_log_insert AFTER INSERT ON organizations BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'organization', NEW.organization_id,
        NULL,
        json_object('name', NEW.name, 'status', NEW.status, 'plan', NEW.plan, 'properties', NEW.properties, 'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'version', NEW.version)
    );
END;

CREATE TRIGGER organizations_log_update AFTER UPDATE ON organizations BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'organization', NEW.organization_id,
        json_object('name', OLD.name, 'status', OLD.status, 'plan', OLD.plan, 'properties', OLD.properties, 'created_at', OLD.created_at, 'updated_at', OLD.updated_at, 'version', OLD.version),
        json_object('name', NEW.name, 'status', NEW.status, 'plan', NEW.plan, 'properties', NEW.properties, 'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'version', NEW.version)
    );
END;

CREATE TRIGGER organizations_log_delete AFTER DELETE ON organizations BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        OLD.organization_id, (SELECT max(number) FROM changes), 'organization', OLD.organization_id,
        json_object('name', OLD.name, 'status', OLD.status, 'plan', OLD.plan, 'properties', OLD.properties, 'created_at', OLD.created_at, 'updated_at', OLD.updated_at, 'version', OLD.version),
        NULL
    );
END;

CREATE TRIGGER people_log_insert AFTER INSERT ON people BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'person', NEW.id,
        NULL,
        json_object('id', NEW.id, 'name', NEW.name, 'email', NEW.email, 'role', NEW.role, 'properties', NEW.properties, 'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'version', NEW.version)
    );
END;

CREATE TRIGGER people_log_update AFTER UPDATE ON people BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'person', NEW.id,
        json_object('id', OLD.id, 'name', OLD.name, 'email', OLD.email, 'role', OLD.role, 'properties', OLD.properties, 'created_at', OLD.created_at, 'updated_at', OLD.updated_at, 'version', OLD.version),
        json_object('id', NEW.id, 'name', NEW.name, 'email', NEW.email, 'role', NEW.role, 'properties', NEW.properties, 'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'version', NEW.version)
    );
END;

CREATE TRIGGER people_log_delete AFTER DELETE ON people BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        OLD.organization_id, (SELECT max(number) FROM changes), 'person', OLD.id,
        json_object('id', OLD.id, 'name', OLD.name, 'email', OLD.email, 'role', OLD.role, 'properties', OLD.properties, 'created_at', OLD.created_at, 'updated_at', OLD.updated_at, 'version', OLD.version),
        NULL
    );
END;

CREATE TRIGGER entities_log_insert AFTER INSERT ON entities BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'entity', NEW.id,
        NULL,
        json_object('row', NEW.row, 'id', NEW.id, 'type', NEW.type, 'name', NEW.name, 'properties', NEW.properties, 'status', NEW.status, 'identity', NEW.identity, 'external_id', NEW.external_id, 'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'deleted_at', NEW.deleted_at, 'status_before', NEW.status_before, 'version', NEW.version)
    );
END;

CREATE TRIGGER entities_log_update AFTER UPDATE ON entities BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'entity', NEW.id,
        json_object('row', OLD.row, 'id', OLD.id, 'type', OLD.type, 'name', OLD.name, 'properties', OLD.properties, 'status', OLD.status, 'identity', OLD.identity, 'external_id', OLD.external_id, 'created_at', OLD.created_at, 'updated_at', OLD.updated_at, 'deleted_at', OLD.deleted_at, 'status_before', OLD.status_before, 'version', OLD.version),
        json_object('row', NEW.row, 'id', NEW.id, 'type', NEW.type, 'name', NEW.name, 'properties', NEW.properties, 'status', NEW.status, 'identity', NEW.identity, 'external_id', NEW.external_id, 'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'deleted_at', NEW.deleted_at, 'status_before', NEW.status_before, 'version', NEW.version)
    );
END;

CREATE TRIGGER entities_log_delete AFTER DELETE ON entities BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        OLD.organization_id, (SELECT max(number) FROM changes), 'entity', OLD.id,
        json_object('row', OLD.row, 'id', OLD.id, 'type', OLD.type, 'name', OLD.name, 'properties', OLD.properties, 'status', OLD.status, 'identity', OLD.identity, 'external_id', OLD.external_id, 'created_at', OLD.created_at, 'updated_at', OLD.updated_at, 'deleted_at', OLD.deleted_at, 'status_before', OLD.status_before, 'version', OLD.version),
        NULL
    );
END;

CREATE TRIGGER connections_log_insert AFTER INSERT ON connections BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'connection', NEW.id,
        NULL,
        json_object('row', NEW.row, 'id', NEW.id, 'from_id', NEW.from_id, 'type', NEW.type, 'to_id', NEW.to_id, 'metadata', NEW.metadata, 'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'deleted_at', NEW.deleted_at, 'version', NEW.version)
    );
END;

CREATE TRIGGER connections_log_update AFTER UPDATE ON connections BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'connection', NEW.id,
        json_object('row', OLD.row, 'id', OLD.id, 'from_id', OLD.from_id, 'type', OLD.type, 'to_id', OLD.to_id, 'metadata', OLD.metadata, 'created_at', OLD.created_at, 'updated_at', OLD.updated_at, 'deleted_at', OLD.deleted_at, 'version', OLD.version),
        json_object('row', NEW.row, 'id', NEW.id, 'from_id', NEW.from_id, 'type', NEW.type, 'to_id', NEW.to_id, 'metadata', NEW.metadata, 'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'deleted_at', NEW.deleted_at, 'version', NEW.version)
    );
END;

CREATE TRIGGER connections_log_delete AFTER DELETE ON connections BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        OLD.organization_id, (SELECT max(number) FROM changes), 'connection', OLD.id,
        json_object('row', OLD.row, 'id', OLD.id, 'from_id', OLD.from_id, 'type', OLD.type, 'to_id', OLD.to_id, 'metadata', OLD.metadata, 'created_at', OLD.created_at, 'updated_at', OLD.updated_at, 'deleted_at', OLD.deleted_at, 'version', OLD.version),
        NULL
    );
END;

CREATE TRIGGER tags_log_insert AFTER INSERT ON tags BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        NEW.organization_id, (SELECT max(number) FROM changes), 'tag', NEW.entity_id,
        NULL,
        json_object('entity_id', NEW.entity_id, 'key', NEW.key, 'value', NEW.value)
    );
END;

CREATE TRIGGER tags_log_delete AFTER DELETE ON tags BEGIN
    INSERT INTO change_rows (organization_id, change, kind, row_id, before, after)
    VALUES (
        OLD.organization_id, (SELECT max(number) FROM changes), 'tag', OLD.entity_id,
        json_object('entity_id', OLD.entity_id, 'key', OLD.key, 'value', OLD.value),
        NULL
    );
END;
