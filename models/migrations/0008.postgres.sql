ALTER TABLE "users" ADD "mail_vouched" boolean
--;
ALTER TABLE "identities" ADD "called" text
--;
ALTER TABLE "identities" ADD "last_used_at" timestamptz
--;
CREATE TABLE "webhooks" ("id" varchar(36),"tenant_id" varchar(36),"name" text,"enabled" boolean,"settings" text,"secret" bytea,"secret_hint" varchar(16),"former" bytea,"former_until" timestamptz,"paused_for" varchar(16),"paused_at" timestamptz,"told" boolean,"failures" bigint,"failing_since" timestamptz,"rest_until" timestamptz,"served_at" timestamptz,"delivered" bigint,"delivered_at" timestamptz,"answered_at" timestamptz,"last_status" bigint,"last_problem" text,"created_at" timestamptz,"modified_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "webhooks_tenant" ON "webhooks" ("tenant_id")
--;
CREATE TABLE "webhook_deliveries" ("id" varchar(36),"tenant_id" varchar(36),"webhook_id" varchar(36),"event_id" varchar(36),"kind" varchar(48),"subject" varchar(64),"body" text,"state" varchar(16),"due_at" timestamptz,"owner" varchar(64),"attempts" bigint,"status" bigint,"took" bigint,"reason" text,"answers" text,"created_at" timestamptz,"not_after" timestamptz,"ended_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "webhook_deliveries_held" ON "webhook_deliveries" ("webhook_id") WHERE owner <> ''
--;
CREATE INDEX IF NOT EXISTS "webhook_deliveries_of" ON "webhook_deliveries" ("webhook_id","created_at")
--;
CREATE INDEX IF NOT EXISTS "webhook_deliveries_due" ON "webhook_deliveries" ("webhook_id","due_at") WHERE state = 'pending'
--;
CREATE INDEX IF NOT EXISTS "webhook_deliveries_dead" ON "webhook_deliveries" ("tenant_id","created_at") WHERE state = 'dead'
--;
CREATE INDEX IF NOT EXISTS "webhook_deliveries_time" ON "webhook_deliveries" ("tenant_id","created_at")
--;
CREATE INDEX IF NOT EXISTS "webhook_deliveries_subject" ON "webhook_deliveries" ("tenant_id","subject")
--;
ALTER TABLE "provider_domains" ADD "lost_at" timestamptz
--;
CREATE TABLE "provider_trials" ("id" varchar(36),"tenant_id" varchar(36),"provider_id" varchar(36),"session_id" varchar(36),"state_hash" varchar(64),"stage" varchar(16),"body" bytea,"created_at" timestamptz,"expires_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "provider_trials_expiry" ON "provider_trials" ("expires_at")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "provider_trials_state" ON "provider_trials" ("state_hash")
--;
CREATE INDEX IF NOT EXISTS "provider_trials_tenant" ON "provider_trials" ("tenant_id")
--;
CREATE TABLE "provider_states" ("provider_id" varchar(36),"tenant_id" varchar(36),"last_sign_in_at" timestamptz,"tested_at" timestamptz,"tested_as" varchar(64),"test_code" varchar(24),"test_reason" text,"published" text,PRIMARY KEY ("provider_id"))
--;
CREATE INDEX IF NOT EXISTS "provider_states_tenant" ON "provider_states" ("tenant_id")
--;
CREATE TABLE "user_merges" ("tenant_id" varchar(36),"from_id" varchar(36),"user_id" varchar(36),"created_at" timestamptz,PRIMARY KEY ("tenant_id","from_id"))
--;
CREATE INDEX IF NOT EXISTS "user_merges_into" ON "user_merges" ("tenant_id","user_id")
--;
CREATE TABLE "custom_extensions" ("id" varchar(36),"tenant_id" varchar(36),"event" varchar(64),"document" text,"secret" bytea,"created_at" timestamptz,"modified_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "custom_extensions_tenant" ON "custom_extensions" ("tenant_id")
--;
CREATE TABLE "event_listeners" ("id" varchar(36),"tenant_id" varchar(36),"extension_id" varchar(36),"event" varchar(64),"document" text,"created_at" timestamptz,"modified_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "event_listeners_extension" ON "event_listeners" ("tenant_id","extension_id")
--;
CREATE TABLE "extension_calls" ("id" varchar(36),"tenant_id" varchar(36),"at" timestamptz,"extension_id" varchar(36),"event" varchar(64),"code" bigint,"trial" boolean,"sign_in_id" varchar(36),"user_id" varchar(36),"correlation_id" varchar(64),"app_id" varchar(64),"document" text,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "extension_calls_sign_in" ON "extension_calls" ("tenant_id","sign_in_id")
--;
CREATE INDEX IF NOT EXISTS "extension_calls_correlation" ON "extension_calls" ("tenant_id","correlation_id")
--;
CREATE INDEX IF NOT EXISTS "extension_calls_person" ON "extension_calls" ("tenant_id","user_id")
--;
CREATE INDEX IF NOT EXISTS "extension_calls_extension" ON "extension_calls" ("tenant_id","extension_id","id")
--;
CREATE INDEX IF NOT EXISTS "extension_calls_at" ON "extension_calls" ("tenant_id","at","id")
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
