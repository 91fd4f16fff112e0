-- A fact with the identity of another and other values is kept under a `gen` that the centre assigns. To fold the commit again one must
-- know the `gen` that was told: (row of the commit, gen) of each such fact, packed as the other columns; NULL where there is none.
ALTER TABLE commits ADD COLUMN told_gens bytea;
