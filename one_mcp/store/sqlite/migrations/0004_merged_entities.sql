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
