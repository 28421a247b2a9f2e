-- `row` is a reserved word elsewhere. Images in the log keep it as their key.
ALTER TABLE entities RENAME COLUMN row TO seq;
ALTER TABLE connections RENAME COLUMN row TO seq;
ALTER TABLE events RENAME COLUMN row TO seq;
ALTER TABLE change_rows RENAME COLUMN row TO seq;
ALTER TABLE knowledge RENAME COLUMN row TO seq;
ALTER TABLE knowledge_queue RENAME COLUMN row TO seq;
ALTER TABLE chunks RENAME COLUMN row TO seq;
ALTER TABLE vectors RENAME COLUMN row TO seq;

-- Nothing was ever kept in these.
DROP TABLE files;
DROP TABLE jobs;
DROP TABLE outbox;

-- Purges that are not known to be gone from every byte of the file. Number 0 stands for what older
-- versions deleted without overwriting it; a new file has no organization yet, and none of that.
CREATE TABLE erasures (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    number INTEGER NOT NULL,
    PRIMARY KEY (organization_id, number)
) STRICT, WITHOUT ROWID;

INSERT INTO erasures (organization_id, number) SELECT organization_id, 0 FROM organizations;

-- Each organization counts its own changes. Taking the next number is the first statement of every
-- write, so that it is change number and lock in one, on an engine with many writers, too. Nothing
-- is numbered anew: ids and versions that agents hold stay valid. `at` is when the last write was,
-- and the next one is no earlier, whatever the clock of its process says.
CREATE TABLE heads (
    organization_id TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO heads (organization_id, number, at)
SELECT organization_id, max(number), max(at)
FROM changes
GROUP BY organization_id;

-- Under another name: a server of an older version cannot begin a change any more.
CREATE TABLE change_log (
    organization_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    person_id TEXT NOT NULL,
    tool TEXT NOT NULL,
    reason TEXT,
    at INTEGER NOT NULL,
    undoes INTEGER,
    undone_by INTEGER,
    touched TEXT,
    part_of INTEGER, -- the first change of a group, which history and undo take as one
    unfinished INTEGER, -- 1 in the first change of a group that is under way, or was cut off
    client TEXT, -- the program that asked for it, by its name and version
    PRIMARY KEY (organization_id, number)
) STRICT;

INSERT INTO change_log
    (organization_id, number, person_id, tool, reason, at, undoes, undone_by, touched)
SELECT organization_id, number, person_id, tool, reason, at, undoes, undone_by, touched
FROM changes
ORDER BY organization_id, number;

DROP TABLE changes;

CREATE INDEX change_log_by_group ON change_log (organization_id, part_of, number)
WHERE part_of IS NOT NULL;

-- Each key begins with the organization, and what an indexer of an older version writes has another
-- name. Vectors are `embeddings` of passages by one of the file's models.
DROP TRIGGER knowledge_forget_parts;
DROP TRIGGER chunks_index;
DROP TRIGGER chunks_never_change;
DROP TRIGGER chunks_forget;
DROP TRIGGER vectors_done;
DROP TRIGGER vectors_done_anew;
DROP TRIGGER models_queue_all;
DROP TRIGGER models_forget;
DROP INDEX chunks_by_hash;
DROP INDEX events_by_version;

ALTER TABLE knowledge_queue RENAME TO chunk_queue;
ALTER TABLE models RENAME TO embedding_models;
ALTER TABLE chunks RENAME TO chunks_of_before;

CREATE INDEX events_by_version ON events (organization_id, version);

-- An event that was undone stays, and what is imported again has its external id, too.
DROP INDEX events_by_external_id;
CREATE INDEX events_by_external_id ON events (organization_id, external_id) WHERE external_id IS NOT NULL;

-- Nothing changes an event, except a purge, which takes out of its metadata what it says of who is gone.
DROP TRIGGER events_are_never_changed;
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
WHEN (NEW.seq, NEW.organization_id, NEW.id, NEW.type, NEW.actor_id, NEW.target_id, NEW.at, NEW.external_id, NEW.version)
    IS NOT (OLD.seq, OLD.organization_id, OLD.id, OLD.type, OLD.actor_id, OLD.target_id, OLD.at, OLD.external_id, OLD.version)
    OR NOT EXISTS (
        SELECT 1 FROM heads
        JOIN erasures ON erasures.organization_id = heads.organization_id AND erasures.number = heads.number
        WHERE heads.organization_id = NEW.organization_id
    )
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

-- What is summed most is read from here alone, without the rows: amounts of money, by time and ends.
CREATE INDEX events_by_amount ON events
(organization_id, type, at, json_extract(metadata, '$.amount'), json_extract(metadata, '$.currency'), actor_id, target_id)
WHERE json_type(metadata, '$.amount') IN ('integer', 'real', 'text');

-- What passages refer to is unique together with the organization, too.
CREATE UNIQUE INDEX knowledge_by_seq ON knowledge (organization_id, seq);

CREATE TABLE chunks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL,
    document INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    heading TEXT NOT NULL,
    text TEXT,
    hash TEXT NOT NULL,
    UNIQUE (organization_id, document, ordinal),
    UNIQUE (organization_id, seq),
    FOREIGN KEY (organization_id, document) REFERENCES knowledge (organization_id, seq)
) STRICT;

CREATE TABLE embeddings (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL,
    model INTEGER NOT NULL REFERENCES embedding_models (number),
    chunk INTEGER NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (organization_id, chunk, model),
    FOREIGN KEY (organization_id, chunk) REFERENCES chunks (organization_id, seq)
) STRICT;

CREATE TABLE embedding_queue (
    organization_id TEXT NOT NULL,
    model INTEGER NOT NULL REFERENCES embedding_models (number),
    chunk INTEGER NOT NULL,
    leased_until INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, model, chunk)
) STRICT, WITHOUT ROWID;

-- A number that was given once is never given again.
INSERT INTO sqlite_sequence (name, seq)
SELECT 'chunks', seq FROM sqlite_sequence WHERE name = 'chunks_of_before'
UNION ALL
SELECT 'embeddings', seq FROM sqlite_sequence WHERE name = 'vectors';

INSERT INTO chunks (seq, organization_id, document, ordinal, start, stop, heading, text, hash)
SELECT seq, organization_id, document, ordinal, start, stop, heading, text, hash
FROM chunks_of_before
ORDER BY seq;

INSERT INTO embeddings (seq, organization_id, model, chunk, vector)
SELECT seq, organization_id, model, chunk, vector
FROM vectors
ORDER BY seq;

INSERT INTO embedding_queue (organization_id, model, chunk, leased_until, failures)
SELECT organization_id, model, chunk, leased_until, failures
FROM vector_queue
ORDER BY organization_id, model, chunk;

DROP TABLE vector_queue;
DROP TABLE vectors;
DROP TABLE chunks_of_before;

CREATE INDEX chunks_by_hash ON chunks (organization_id, hash);

CREATE TRIGGER knowledge_forget_parts BEFORE DELETE ON knowledge BEGIN
    DELETE FROM knowledge_links
    WHERE organization_id = OLD.organization_id AND knowledge_id = OLD.id;
    DELETE FROM knowledge_labels
    WHERE organization_id = OLD.organization_id AND knowledge_id = OLD.id;
    DELETE FROM chunks
    WHERE organization_id = OLD.organization_id AND document = OLD.seq;
    DELETE FROM chunk_queue
    WHERE organization_id = OLD.organization_id AND subject_id = OLD.id;
END;

-- Of a text that is not kept, nothing can be embedded later.
CREATE TRIGGER chunks_queue AFTER INSERT ON chunks WHEN NEW.text IS NOT NULL BEGIN
    INSERT INTO embedding_queue (organization_id, model, chunk)
    SELECT NEW.organization_id, number, NEW.seq FROM embedding_models;
END;

CREATE TRIGGER chunks_never_change BEFORE UPDATE ON chunks BEGIN
    SELECT RAISE(ABORT, 'chunks are cut anew, never changed');
END;

CREATE TRIGGER chunks_forget BEFORE DELETE ON chunks BEGIN
    DELETE FROM embeddings
    WHERE organization_id = OLD.organization_id AND chunk = OLD.seq;
    DELETE FROM embedding_queue
    -- All models there are: in the key, the model comes before the passage.
    WHERE organization_id = OLD.organization_id AND model IN (SELECT number FROM embedding_models) AND chunk = OLD.seq;
END;

CREATE TRIGGER embeddings_done AFTER INSERT ON embeddings BEGIN
    DELETE FROM embedding_queue
    WHERE organization_id = NEW.organization_id AND model = NEW.model AND chunk = NEW.chunk;
END;

CREATE TRIGGER embeddings_done_anew AFTER UPDATE OF vector ON embeddings BEGIN
    DELETE FROM embedding_queue
    WHERE organization_id = NEW.organization_id AND model = NEW.model AND chunk = NEW.chunk;
END;

CREATE TRIGGER embedding_models_queue_all AFTER INSERT ON embedding_models BEGIN
    INSERT INTO embedding_queue (organization_id, model, chunk)
    SELECT organization_id, NEW.number, seq FROM chunks WHERE text IS NOT NULL;
END;

CREATE TRIGGER embedding_models_forget BEFORE DELETE ON embedding_models BEGIN
    DELETE FROM embedding_queue WHERE model = OLD.number;
    DELETE FROM embeddings WHERE model = OLD.number;
END;

-- An event that was recorded by mistake is taken back by a row beside it, since events never change;
-- sums leave out what stands here by type and time.
CREATE TABLE retractions (
    organization_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    event INTEGER NOT NULL,
    reason TEXT,
    replaced_by TEXT,
    version INTEGER NOT NULL,
    PRIMARY KEY (organization_id, event_id),
    UNIQUE (organization_id, type, at, event),
    FOREIGN KEY (organization_id, event_id) REFERENCES events (organization_id, id),
    FOREIGN KEY (organization_id, replaced_by) REFERENCES events (organization_id, id)
) STRICT, WITHOUT ROWID;

-- What was merged into another entity: its id and its external id lead there.
CREATE TABLE merged_entities (
    organization_id TEXT NOT NULL,
    id TEXT NOT NULL,
    survivor_id TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    external_id TEXT,
    version INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, survivor_id) REFERENCES entities (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX merged_entities_by_survivor ON merged_entities (organization_id, survivor_id);
CREATE INDEX merged_entities_by_external_id ON merged_entities (organization_id, external_id)
WHERE external_id IS NOT NULL;

-- An entity of another type has other texts.
DROP TRIGGER entities_queue_update;
CREATE TRIGGER entities_queue_update AFTER UPDATE OF type, name, properties ON entities
WHEN NEW.type IS NOT OLD.type OR EXISTS (
    SELECT 1 FROM embeddable_fields
    WHERE type = NEW.type
      AND (
          json_extract(NEW.properties, '$."' || field || '"') IS NOT json_extract(OLD.properties, '$."' || field || '"')
          OR NEW.name IS NOT OLD.name
      )
) BEGIN
    DELETE FROM chunk_queue WHERE organization_id = NEW.organization_id AND subject_id = NEW.id;
    INSERT INTO chunk_queue (organization_id, subject_id) VALUES (NEW.organization_id, NEW.id);
END;

-- An entity whose connections are too many to hide or show in one transaction: they are out of sight
-- as long as it stands here, while they follow it in slices.
CREATE TABLE hidden_hubs (
    organization_id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    opening INTEGER NOT NULL DEFAULT 0, -- 1 while they are shown again, for somebody who restores it
    leased_until INTEGER NOT NULL DEFAULT 0,
    side INTEGER NOT NULL DEFAULT 0, -- how far they have followed: 0 and 1 for its two ends
    passed_at INTEGER NOT NULL DEFAULT 0,
    passed INTEGER NOT NULL DEFAULT 0,
    seen INTEGER NOT NULL DEFAULT 0,
    moving INTEGER NOT NULL DEFAULT 0, -- 1 within a transaction whose work the log leaves out
    PRIMARY KEY (organization_id, entity_id),
    FOREIGN KEY (organization_id, entity_id) REFERENCES entities (organization_id, id)
) STRICT, WITHOUT ROWID;

-- Kept answers. A call with an idempotency key keeps the answer of each of its transactions (step 1,
-- 2, …), and its own with the last one (whole). A purge empties answers by the ids they are about:
-- those beside them, and all that their change wrote; and answers that name it. The answers of before
-- were those of whole calls. Keys are kept as digests, since callers make them of names and addresses.
ALTER TABLE idempotency_keys RENAME TO idempotency_keys_of_before;

CREATE TABLE idempotency_keys (
    organization_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    key TEXT NOT NULL,
    step INTEGER NOT NULL,
    digest TEXT NOT NULL,
    answer TEXT,
    whole INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id, key, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_subjects (
    organization_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    key TEXT NOT NULL,
    step INTEGER NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (organization_id, person_id, key, step, subject),
    FOREIGN KEY (organization_id, person_id, key, step)
        REFERENCES idempotency_keys (organization_id, person_id, key, step) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

INSERT INTO idempotency_keys
    (organization_id, person_id, key, step, digest, answer, whole, change, created_at)
SELECT
    organization_id, person_id, one_digest(key), 1, digest, answer, 1,
    CASE WHEN answer ->> 'change' LIKE 'chg_%' THEN CAST(substr(answer ->> 'change', 5) AS INTEGER) ELSE 0 END,
    created_at
FROM idempotency_keys_of_before;

INSERT INTO idempotency_subjects (organization_id, person_id, key, step, subject)
SELECT DISTINCT organization_id, person_id, idempotency_keys.key, step, named.atom
FROM idempotency_keys, json_tree(answer) AS named
WHERE named.type = 'text' AND (named.atom GLOB 'ent_*' OR named.atom GLOB 'con_*' OR named.atom GLOB 'kno_*');

DROP TABLE idempotency_keys_of_before;

CREATE INDEX idempotency_keys_by_created ON idempotency_keys (organization_id, created_at);
CREATE INDEX idempotency_keys_by_change ON idempotency_keys (organization_id, change);
CREATE INDEX idempotency_subjects_by_subject ON idempotency_subjects (organization_id, subject);

-- The log keeps what changed: `before` and `after` of an update have the columns that differ. For
-- those who look far back, `image` has a row as a whole now and then; `steps` counts since.
ALTER TABLE change_rows ADD COLUMN steps INTEGER NOT NULL DEFAULT 0;
ALTER TABLE change_rows ADD COLUMN image TEXT;
DROP INDEX change_rows_deleted_from;
DROP INDEX change_rows_deleted_to;
DROP INDEX change_rows_links;
CREATE INDEX change_rows_deleted_from ON change_rows (organization_id, before ->> 'from_id')
WHERE kind = 'connection' AND after IS NULL;
CREATE INDEX change_rows_deleted_to ON change_rows (organization_id, before ->> 'to_id')
WHERE kind = 'connection' AND after IS NULL;
CREATE INDEX change_rows_links ON change_rows (organization_id, coalesce(after, before) ->> 'entity_id')
WHERE kind = 'knowledge_link';

-- Which entities were of another type once.
CREATE INDEX change_rows_conversions ON change_rows (organization_id, before ->> 'type')
WHERE kind = 'entity' AND before ->> 'type' <> after ->> 'type';

-- When the first change after a time was made.
CREATE INDEX change_log_by_time ON change_log (organization_id, at, number);

-- Names in an order that takes no heed of case, as any engine knows it.
DROP INDEX entities_by_name;
DROP INDEX entities_by_type_name;
DROP INDEX knowledge_by_title;
CREATE INDEX entities_by_name ON entities (organization_id, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX entities_by_type_name ON entities (organization_id, type, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX knowledge_by_title ON knowledge (organization_id, lower(title));

-- Words. The text of each organization is searched apart from all others: a word stands in the
-- index with its tenant's number before it (texts/words.py). Their triggers: sqlite/words.py.
DROP TRIGGER entities_fts_insert;
DROP TRIGGER entities_fts_delete;
DROP TRIGGER entities_fts_update;
DROP TABLE entities_words;
DROP TABLE entities_fts;
DROP VIEW entity_texts;
DROP TABLE chunks_fts;

CREATE VIEW entity_texts AS
SELECT
    seq, organization_id, name,
    (SELECT group_concat(value, ' ') FROM json_tree(properties) WHERE type = 'text') AS text
FROM entities;

-- The words come from us, ready: the engine only cuts at spaces.
CREATE VIRTUAL TABLE entity_words USING fts5 (words, content = '', tokenize = 'ascii');
CREATE VIRTUAL TABLE entity_terms USING fts5vocab (entity_words, instance);
CREATE VIRTUAL TABLE passage_words USING fts5 (words, content = '', tokenize = 'ascii');
CREATE VIRTUAL TABLE passage_terms USING fts5vocab (passage_words, instance);

-- Real tables come last: where SQLite reads a virtual one first, its integrity check looks for no
-- page that nothing leads to.
CREATE TABLE tenants (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL UNIQUE REFERENCES organizations (organization_id)
) STRICT;

INSERT INTO tenants (organization_id)
SELECT organization_id FROM organizations ORDER BY created_at, organization_id;

-- How many entities and passages of an organization are in the indexes, and how many ever were.
CREATE TABLE text_counts (
    organization_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('entity', 'passage')),
    texts INTEGER NOT NULL,
    added INTEGER NOT NULL,
    PRIMARY KEY (organization_id, kind)
) STRICT, WITHOUT ROWID;

-- Rows below a number that are still to be put into an index, by the indexer, the newest first.
CREATE TABLE unindexed (
    organization_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('entity', 'passage')),
    below INTEGER NOT NULL,
    PRIMARY KEY (organization_id, kind)
) STRICT, WITHOUT ROWID;

INSERT INTO unindexed (organization_id, kind, below)
SELECT organization_id, 'entity', newest.seq + 1
FROM organizations CROSS JOIN (SELECT max(seq) AS seq FROM entities) AS newest
WHERE newest.seq IS NOT NULL;

INSERT INTO unindexed (organization_id, kind, below)
SELECT organization_id, 'passage', newest.seq + 1
FROM organizations CROSS JOIN (SELECT max(seq) AS seq FROM chunks) AS newest
WHERE newest.seq IS NOT NULL;

-- Values of properties by which entities are found and sorted without reading them. Their triggers
-- (sqlite/values.py) keep the values of the names that stand here, of every organization and type.
CREATE TABLE indexed_properties (
    name TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- A property of the entities of one type, by a number that stands for it in the tables of values.
CREATE TABLE property_fields (
    number INTEGER PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (organization_id, type, name)
) STRICT;

CREATE INDEX property_fields_by_name ON property_fields (organization_id, name);

-- One row for each value of an entity, of a list for each element. Texts stand by their beginning
-- and in small letters: these tables say which entities may fit, and the properties which do.
CREATE TABLE property_texts (
    organization_id TEXT NOT NULL,
    field INTEGER NOT NULL,
    value TEXT NOT NULL,
    entity INTEGER NOT NULL,
    PRIMARY KEY (organization_id, field, value, entity)
) STRICT, WITHOUT ROWID;

CREATE TABLE property_numbers (
    organization_id TEXT NOT NULL,
    field INTEGER NOT NULL,
    value REAL NOT NULL,
    entity INTEGER NOT NULL,
    PRIMARY KEY (organization_id, field, value, entity)
) STRICT, WITHOUT ROWID;

-- Entities below a number whose values are still to be put in, by the indexer, the newest first.
CREATE TABLE unindexed_properties (
    organization_id TEXT NOT NULL PRIMARY KEY,
    below INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Of changes before `at`, which are those below a number, the log keeps only that they were made.
CREATE TABLE compactions (
    organization_id TEXT NOT NULL PRIMARY KEY REFERENCES organizations (organization_id),
    below INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Undone means undone: the events of changes that stand undone are retracted, as if each undo had
-- done so. Undoing an undo took them up again, and undoing that one took them back.
CREATE TEMPORARY TABLE undoing AS
WITH RECURSIVE chain (organization_id, number, undone, depth) AS (
    SELECT organization_id, number, undoes, 1
    FROM change_log
    WHERE undoes IS NOT NULL
    UNION ALL
    SELECT chain.organization_id, chain.number, change_log.undoes, chain.depth + 1
    FROM chain
    CROSS JOIN change_log
    WHERE change_log.organization_id = chain.organization_id
      AND change_log.number = chain.undone
      AND change_log.undoes IS NOT NULL
)
SELECT
    chain.organization_id, chain.number, chain.depth % 2 = 1 AS retracts,
    events.id, events.type, events.at, events.seq
FROM chain
CROSS JOIN events
WHERE events.organization_id = chain.organization_id
  AND events.version = chain.undone;

INSERT INTO change_rows (organization_id, change, kind, row_id, before, after, steps)
SELECT
    organization_id, number, 'retraction', id,
    CASE WHEN NOT retracts THEN json_object(
        'event_id', id, 'type', type, 'at', at, 'event', seq, 'reason', NULL, 'replaced_by', NULL,
        'version', (
            SELECT max(before.number)
            FROM undoing AS before
            WHERE before.organization_id = undoing.organization_id
              AND before.id = undoing.id
              AND before.number < undoing.number
        )
    ) END,
    CASE WHEN retracts THEN '{}' END,
    0
FROM undoing
ORDER BY number, seq;

INSERT INTO retractions (organization_id, event_id, type, at, event, version)
SELECT organization_id, id, type, at, seq, max(number)
FROM undoing
GROUP BY organization_id, id
HAVING retracts; -- of the newest: SQLite takes the row of the max()

DROP TABLE undoing;

-- What the graph can count is stored only where somebody gave it. Numbers that have been the default
-- since the change that made their entity are taken out, as one change of each organization. Rows
-- keep their version, so that older changes can still be undone.
CREATE TEMPORARY TABLE counters (type TEXT NOT NULL, name TEXT NOT NULL);

INSERT INTO counters (type, name)
VALUES
    ('creator', 'totalFollowers'), ('creator', 'totalContent'), ('creator', 'totalRevenue'),
    ('ai_clone', 'knowledgeBaseSize'), ('ai_clone', 'totalInteractions'),
    ('course', 'enrollments'), ('course', 'completions');

CREATE TEMPORARY TABLE never_given (
    organization_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (organization_id, id, name)
) WITHOUT ROWID;

INSERT INTO never_given (organization_id, id, name)
SELECT organizations.organization_id, entities.id, counters.name
FROM organizations
CROSS JOIN counters
CROSS JOIN entities
WHERE entities.organization_id = organizations.organization_id
  AND entities.type = counters.type
  AND entities.properties ->> counters.name = 0
  AND (
      SELECT
          max(made.before IS NULL) = 1
          AND max(made.after IS NOT NULL AND (made.after ->> 'properties') ->> counters.name IS NOT 0) = 0
          AND max(made.purged_by IS NOT NULL) = 0
      FROM change_rows AS made
      WHERE made.organization_id = organizations.organization_id
        AND made.row_id = entities.id
        AND made.kind = 'entity'
  );

CREATE TEMPORARY TABLE emptied AS
SELECT
    entities.organization_id, entities.seq, entities.id, entities.properties AS before,
    (
        SELECT json_group_object(field.key, json(entities.properties -> field.fullkey))
        FROM json_each(entities.properties) AS field
        WHERE field.key NOT IN (
            SELECT name
            FROM never_given
            WHERE never_given.organization_id = entities.organization_id
              AND never_given.id = entities.id
        )
    ) AS after
FROM (SELECT DISTINCT organization_id, id FROM never_given) AS chosen
CROSS JOIN entities
WHERE entities.organization_id = chosen.organization_id
  AND entities.id = chosen.id;

UPDATE heads
SET number = number + 1, at = max(at, CAST(1000 * unixepoch('subsec') AS INTEGER))
WHERE organization_id IN (SELECT organization_id FROM emptied);

INSERT INTO change_log (organization_id, number, person_id, tool, reason, at)
SELECT
    organization_id, number,
    (
        SELECT person_id
        FROM change_log AS first
        WHERE first.organization_id = heads.organization_id
        ORDER BY first.number
        LIMIT 1
    ),
    'upgrade', 'Numbers that the graph can count are stored only where somebody gives them', at
FROM heads
WHERE organization_id IN (SELECT organization_id FROM emptied);

INSERT INTO change_rows (organization_id, change, kind, row_id, before, after, steps)
SELECT
    emptied.organization_id, heads.number, 'entity', emptied.id,
    json_object('properties', json(patch_back(emptied.before, emptied.after))),
    json_object('properties', json(patch_told(emptied.before, emptied.after))),
    1
FROM emptied
JOIN heads ON heads.organization_id = emptied.organization_id
ORDER BY emptied.seq;

UPDATE entities
SET properties = emptied.after
FROM emptied
WHERE entities.seq = emptied.seq;

DROP TABLE emptied;
DROP TABLE never_given;
DROP TABLE counters;
