CREATE OR REPLACE FUNCTION search_marks(created_at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ' ' || right(to_hex(4096 + floor(date_part('epoch', created_at - timestamptz '1970-01-01 00:00:00+00') / 21600)::bigint % 4096), 3)
      || ' ' || chr(103 + (floor(date_part('epoch', created_at - timestamptz '1970-01-01 00:00:00+00') / 88473600)::bigint % 16)::int)
      || right(to_hex(256 + floor(date_part('epoch', created_at - timestamptz '1970-01-01 00:00:00+00') / 345600)::bigint % 256), 2)
$$
--;
DO $$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX IF NOT EXISTS users_words ON users USING gin ((search_norm || search_marks(created_at)) gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
  RAISE WARNING 'pg_trgm is not available: searching people will be slow';
END $$
--;
-- What an older version beside this one searches in: it searches slowly until it is gone.
DROP INDEX IF EXISTS users_search
