-- A text that tells of somebody is no passage of their own text: a role of its own. Only the condition
-- on the column changes; which of the older links were meant so, nobody knows.
CREATE TABLE links_before AS
SELECT organization_id, knowledge_id, entity_id, role FROM knowledge_links;

DROP TABLE knowledge_links;

CREATE TABLE knowledge_links (
    organization_id TEXT NOT NULL,
    knowledge_id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('about', 'label', 'summary', 'chunk_of', 'caption', 'keyword')),
    PRIMARY KEY (organization_id, knowledge_id, entity_id, role),
    FOREIGN KEY (organization_id, knowledge_id) REFERENCES knowledge (organization_id, id),
    FOREIGN KEY (organization_id, entity_id) REFERENCES entities (organization_id, id)
) STRICT, WITHOUT ROWID;

INSERT INTO knowledge_links (organization_id, knowledge_id, entity_id, role)
SELECT organization_id, knowledge_id, entity_id, role FROM links_before;

DROP TABLE links_before;

CREATE INDEX knowledge_links_by_entity ON knowledge_links (organization_id, entity_id, role);
