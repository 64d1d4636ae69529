-- What a ledger row stands for: an object that was made, an effect on something that exists anyway, or a claim to a key
-- that nobody else may hold while the row is not gone.
ALTER TABLE resources ADD COLUMN nature TEXT NOT NULL DEFAULT 'object' CHECK (nature IN ('object', 'effect', 'claim'));
CREATE UNIQUE INDEX resource_claim ON resources (kind, name) WHERE nature = 'claim' AND state <> 'gone';
