-- What a vendor bills again and again, and who has to look at it when.
CREATE TABLE subscriptions (
    organization_id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    operation_id TEXT NOT NULL, -- that started it
    vendor_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    buyer_id TEXT NOT NULL,
    mode TEXT NOT NULL, -- simulated, test or live
    body TEXT NOT NULL CHECK (json_valid(body)), -- what is billed for how much
    state TEXT NOT NULL,
    paid_until INTEGER NOT NULL,
    ends INTEGER NOT NULL, -- 1: it is not renewed
    person_id TEXT NOT NULL, -- in whose name it is looked at
    role TEXT NOT NULL,
    due_at INTEGER, -- when to look next; none: it is over
    leased_until INTEGER NOT NULL,
    fence INTEGER NOT NULL, -- what was seen under an older number is not written
    PRIMARY KEY (organization_id, entity_id),
    FOREIGN KEY (organization_id, operation_id) REFERENCES operations (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX subscriptions_by_vendor ON subscriptions (organization_id, vendor_id);
CREATE INDEX subscriptions_by_buyer ON subscriptions (organization_id, buyer_id, item_id);
CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE due_at IS NOT NULL;

-- The bills that a vendor was paid: each is recorded once, whoever sees it.
CREATE TABLE subscription_bills (
    organization_id TEXT NOT NULL,
    id TEXT NOT NULL, -- the vendor's
    entity_id TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, entity_id) REFERENCES subscriptions (organization_id, entity_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX subscription_bills_by_subscription ON subscription_bills (organization_id, entity_id);
