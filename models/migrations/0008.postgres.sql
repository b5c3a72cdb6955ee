ALTER TABLE "identities" ADD "called" text
--;
ALTER TABLE "identities" ADD "last_used_at" timestamptz
--;
CREATE TABLE "user_merges" ("tenant_id" varchar(36),"from_id" varchar(36),"user_id" varchar(36),"created_at" timestamptz,PRIMARY KEY ("tenant_id","from_id"))
--;
CREATE INDEX IF NOT EXISTS "user_merges_into" ON "user_merges" ("tenant_id","user_id")
--;
ALTER TABLE users ADD COLUMN IF NOT EXISTS search_marked text GENERATED ALWAYS AS (search_norm || search_marks(created_at)) STORED
--;
DROP INDEX IF EXISTS users_words
--;
DO $$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX IF NOT EXISTS users_words ON users USING gin (search_marked gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
  RAISE WARNING 'pg_trgm is not available: searching people will be slow';
END $$
