-- A yes may come by a form of the client's, which nobody signs: it counts up to a set amount.
CREATE TABLE approvals_by_any_way (
    organization_id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('approved', 'refused')),
    digest TEXT NOT NULL,
    person_id TEXT NOT NULL,
    how TEXT NOT NULL CHECK (how IN ('page', 'terminal', 'form')),
    at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    signature TEXT, -- none: whoever refuses proves nothing, nor does who answers a form
    operation_id TEXT, -- that used it up
    PRIMARY KEY (organization_id, plan_id),
    FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id)
) STRICT;

INSERT INTO approvals_by_any_way
    (organization_id, plan_id, verdict, digest, person_id, how, at, expires_at, signature,
     operation_id)
SELECT organization_id, plan_id, verdict, digest, person_id, how, at, expires_at, signature,
       operation_id
FROM approvals;

DROP TABLE approvals;

ALTER TABLE approvals_by_any_way RENAME TO approvals;
