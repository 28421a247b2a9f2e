-- The outbox: mails are written with what they tell of, and sent afterwards. An operation has one at most.
-- `doubted_at` is since when a mail may have gone out although nobody knows: it is set before it is sent.
CREATE TABLE mails (
    organization_id TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    entity_id TEXT NOT NULL, -- whose mail it is
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'unknown')),
    attempts INTEGER NOT NULL,
    mailer TEXT, -- that was asked last
    doubted_at INTEGER,
    sent_id TEXT, -- the mailer's
    failure TEXT CHECK (json_valid(failure)),
    fence INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, operation_id),
    FOREIGN KEY (organization_id, operation_id) REFERENCES operations (organization_id, id)
) STRICT;

CREATE INDEX mails_queued ON mails (organization_id, due_at) WHERE state = 'queued';
CREATE INDEX mails_by_entity ON mails (organization_id, entity_id);

-- What models were used for since the hour began; once it is over, one event tells of it.
CREATE TABLE model_uses (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    hour INTEGER NOT NULL,
    model TEXT NOT NULL,
    purpose TEXT NOT NULL,
    requests INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    PRIMARY KEY (organization_id, hour, model, purpose)
) STRICT, WITHOUT ROWID;
