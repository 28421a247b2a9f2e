-- The first and the last moment at which a connection holds; NULL where it is open (D-67).
ALTER TABLE connections ADD COLUMN valid_from INTEGER;
ALTER TABLE connections ADD COLUMN valid_until INTEGER CHECK (valid_until >= valid_from);
