-- The numbers that sales gave to NFTs. None is given twice in a contract: not for a sale that came to
-- nothing, either, since its bytes may be known to somebody.
CREATE TABLE nft_mints (
    organization_id TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    item_id TEXT NOT NULL, -- what was sold: one of a kind, or a series
    simulated INTEGER NOT NULL,
    edition INTEGER, -- from 1; none: it came to nothing or was burned, and may be sold again
    contract TEXT NOT NULL, -- in lower case
    token_id INTEGER NOT NULL,
    nft_id TEXT, -- the entity that it is, once it is recorded
    PRIMARY KEY (organization_id, operation_id),
    FOREIGN KEY (organization_id, operation_id) REFERENCES operations (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX nft_mints_by_edition ON nft_mints (organization_id, item_id, simulated, edition) WHERE edition IS NOT NULL;
CREATE UNIQUE INDEX nft_mints_by_number ON nft_mints (organization_id, contract, token_id);
CREATE INDEX nft_mints_by_nft ON nft_mints (organization_id, nft_id) WHERE nft_id IS NOT NULL;

-- Bytes that do nothing but take a nonce, in the stead of others that are given up.
ALTER TABLE chain_transactions ADD COLUMN voids INTEGER NOT NULL DEFAULT 0;

-- Since when a transaction that had counted is in no block any more.
ALTER TABLE chain_transactions ADD COLUMN missing_since INTEGER;
CREATE INDEX chain_transactions_missing ON chain_transactions (missing_since) WHERE missing_since IS NOT NULL;
CREATE INDEX chain_transactions_by_time ON chain_transactions (created_at);
