-- What a payment, a mint or a grant will be, as it was shown before anybody agreed to it. Each is
-- used once: its operation is the only one that it ever has.
CREATE TABLE plans (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    person_id TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    digest TEXT NOT NULL, -- SHA-256 of the body, which is what people approve
    simulated INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    operation_id TEXT,
    PRIMARY KEY (organization_id, id)
) STRICT;

CREATE UNIQUE INDEX plans_by_operation ON plans (organization_id, operation_id) WHERE operation_id IS NOT NULL;
CREATE INDEX plans_by_digest ON plans (organization_id, digest, created_at);

-- The journal: work that leaves the database, as far as it has come. Who works on an operation holds
-- its lease and its fencing number: what is written under an older number is refused.
CREATE TABLE operations (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL, -- of its table of steps
    plan_id TEXT,
    person_id TEXT NOT NULL,
    role TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('running', 'undoing', 'done', 'undone', 'needs_review', 'held')),
    was TEXT, -- the state before it needed review or was held
    body TEXT NOT NULL CHECK (json_valid(body)),
    answer TEXT CHECK (json_valid(answer)),
    failure TEXT CHECK (json_valid(failure)),
    deadline INTEGER,
    traceparent TEXT,
    fence INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    change INTEGER, -- that tells of its end
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) STRICT;

CREATE INDEX operations_open ON operations (organization_id, due_at)
WHERE state IN ('running', 'undoing');
CREATE INDEX operations_by_time ON operations (organization_id, created_at, id);
CREATE INDEX operations_by_reality ON operations (organization_id, simulated) WHERE state = 'done';
CREATE INDEX operations_by_change ON operations (organization_id, change) WHERE change IS NOT NULL;
CREATE INDEX refunds_by_purchase ON operations (organization_id, body ->> 'purchase')
WHERE kind = 'refund';

CREATE TABLE operation_steps (
    organization_id TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    name TEXT NOT NULL,
    undoing INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intended', 'done', 'failed', 'unknown')),
    attempts INTEGER NOT NULL,
    result TEXT CHECK (json_valid(result)),
    failure TEXT CHECK (json_valid(failure)),
    at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, operation_id, name, undoing),
    FOREIGN KEY (organization_id, operation_id) REFERENCES operations (organization_id, id)
) STRICT;

-- The entities that an open operation needs: none of them is archived, purged, merged or converted.
CREATE TABLE operation_subjects (
    organization_id TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    PRIMARY KEY (organization_id, operation_id, entity_id),
    FOREIGN KEY (organization_id, operation_id) REFERENCES operations (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX operation_subjects_by_entity ON operation_subjects (organization_id, entity_id);

-- Who a buyer is at the vendor of payments, which keeps their cards; there is one in each mode.
CREATE TABLE payment_customers (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    entity_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    PRIMARY KEY (organization_id, entity_id, mode)
) STRICT, WITHOUT ROWID;

-- The page on which a buyer gives a card, before their quote can be bought.
CREATE TABLE plan_checkouts (
    organization_id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    checkout_id TEXT NOT NULL,
    PRIMARY KEY (organization_id, plan_id),
    FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id)
) STRICT, WITHOUT ROWID;

-- Events that the vendor of payments has sent: it sends them until they are taken, and again.
CREATE TABLE payment_events (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;

-- The ledger. Units are whole numbers as text: minor units of a currency, base units of a token,
-- which no column of 64 bits holds. Only what stands for the world outside may be below zero.
CREATE TABLE ledger_accounts (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    kind TEXT NOT NULL,
    holder TEXT NOT NULL,
    unit TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    balance TEXT NOT NULL
        CHECK (balance GLOB '[0-9]*' OR (kind IN ('issued', 'outside') AND balance GLOB '-[1-9]*')),
    PRIMARY KEY (organization_id, unit, simulated, kind, holder)
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_accounts_by_holder ON ledger_accounts (organization_id, holder);

CREATE TABLE ledger_entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    operation_id TEXT, -- none: an opening balance that was kept by hand before
    posting TEXT NOT NULL, -- the step that posted it
    change INTEGER NOT NULL, -- that tells of it; 0 where none does
    kind TEXT NOT NULL,
    holder TEXT NOT NULL,
    unit TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    units TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX ledger_entries_once ON ledger_entries
(organization_id, operation_id, posting, kind, holder, unit) WHERE operation_id IS NOT NULL;
CREATE INDEX ledger_entries_by_change ON ledger_entries (organization_id, change) WHERE change > 0;

CREATE TRIGGER ledger_entries_are_never_changed BEFORE UPDATE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER ledger_entries_are_never_deleted BEFORE DELETE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- Signed bytes, stored before they are sent: a transaction is sent again as it is, never anew. One that
-- is stuck is replaced by another of the same nonce, of which the chain takes one.
CREATE TABLE chain_transactions (
    organization_id TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    step TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    chain_id INTEGER NOT NULL,
    sender TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    hash TEXT NOT NULL,
    raw TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, operation_id, step, attempt),
    FOREIGN KEY (organization_id, operation_id) REFERENCES operations (organization_id, id)
) STRICT;

-- A sender has one sequence of nonces, whichever organization it sends for.
CREATE TABLE chain_nonces (
    chain_id INTEGER NOT NULL,
    sender TEXT NOT NULL,
    next INTEGER NOT NULL,
    PRIMARY KEY (chain_id, sender)
) STRICT, WITHOUT ROWID;

-- Where the file lives: money is held in one that was restored or copied, until a person releases it.
CREATE TABLE homes (
    name TEXT NOT NULL PRIMARY KEY,
    place TEXT NOT NULL,
    held_since INTEGER
) STRICT, WITHOUT ROWID;

-- What the simulated vendors remember, beside the business that they serve.
CREATE TABLE simulated_objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    mark TEXT NOT NULL, -- what it is looked up by beside its id
    body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

CREATE UNIQUE INDEX simulated_objects_by_id ON simulated_objects (organization_id, kind, id);
CREATE INDEX simulated_objects_by_mark ON simulated_objects (organization_id, kind, mark);

-- Who may let plans happen: the public half of a pair of keys whose secret half is made from the
-- person's passphrase whenever it is typed in, and kept nowhere.
CREATE TABLE approvers (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    person_id TEXT NOT NULL,
    public_key TEXT NOT NULL,
    salt TEXT NOT NULL,
    valid_from INTEGER NOT NULL, -- a day later where the passphrase before it was forgotten
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id)
) STRICT;

-- What a person said of one plan. The signature covers the plan's digest, who, how and when.
CREATE TABLE approvals (
    organization_id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('approved', 'refused')),
    digest TEXT NOT NULL,
    person_id TEXT NOT NULL,
    how TEXT NOT NULL CHECK (how IN ('page', 'terminal')),
    at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    signature TEXT, -- none: whoever refuses proves nothing
    operation_id TEXT, -- that used it up
    PRIMARY KEY (organization_id, plan_id),
    FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id)
) STRICT;

-- What a person lets agents do without asking again, up to limits. The signature covers the terms.
CREATE TABLE allowances (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    how TEXT NOT NULL CHECK (how IN ('page', 'terminal')),
    terms TEXT NOT NULL CHECK (json_valid(terms)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    signature TEXT NOT NULL,
    PRIMARY KEY (organization_id, id)
) STRICT;

CREATE INDEX allowances_in_force ON allowances (organization_id, expires_at) WHERE ended_at IS NULL;

-- What operations took of allowances, from the transaction that began them; given back where one
-- ended undone.
CREATE TABLE allowance_uses (
    organization_id TEXT NOT NULL,
    allowance_id TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    units TEXT NOT NULL,
    recipient TEXT,
    simulated INTEGER NOT NULL,
    at INTEGER NOT NULL,
    given_back INTEGER NOT NULL,
    PRIMARY KEY (organization_id, operation_id, unit),
    FOREIGN KEY (organization_id, allowance_id) REFERENCES allowances (organization_id, id),
    FOREIGN KEY (organization_id, operation_id) REFERENCES operations (organization_id, id)
) STRICT;

CREATE INDEX allowance_uses_by_allowance ON allowance_uses (organization_id, allowance_id, at);
