ALTER TABLE "user_flows" ADD "draft" text
--;
ALTER TABLE "user_flows" ADD "draft_base" bigint
--;
ALTER TABLE "user_flows" ADD "draft_revision" bigint
--;
ALTER TABLE "user_flows" ADD "draft_actor" text
--;
ALTER TABLE "user_flows" ADD "draft_at" timestamptz
--;
CREATE TABLE "user_attributes" ("tenant_id" varchar(36),"id" varchar(255),"name_norm" varchar(255),"document" text,"created_at" timestamptz,"updated_at" timestamptz,PRIMARY KEY ("tenant_id","id"))
--;
CREATE UNIQUE INDEX IF NOT EXISTS "user_attributes_name" ON "user_attributes" ("tenant_id","name_norm")
--;
CREATE TABLE "terms" ("id" varchar(36),"tenant_id" varchar(36),"name" text,"published" bigint,"created_at" timestamptz,"updated_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "terms_tenant" ON "terms" ("tenant_id")
--;
CREATE TABLE "terms_versions" ("terms_id" varchar(36),"version" bigint,"tenant_id" varchar(36),"document" text,"created_at" timestamptz,"actor_name" text,PRIMARY KEY ("terms_id","version"))
--;
CREATE INDEX IF NOT EXISTS "terms_versions_tenant" ON "terms_versions" ("tenant_id")
--;
CREATE TABLE "terms_acceptances" ("tenant_id" varchar(36),"user_id" varchar(36),"terms_id" varchar(36),"version" bigint,"locale" varchar(35),"accepted_at" timestamptz,PRIMARY KEY ("tenant_id","user_id","terms_id","version"))
--;
CREATE INDEX IF NOT EXISTS "acceptances_terms" ON "terms_acceptances" ("tenant_id","terms_id","accepted_at")
--;
CREATE TABLE "invitations" ("id" varchar(36),"tenant_id" varchar(36),"flow_id" varchar(36),"client_id" varchar(36),"email" text,"canonical" varchar(512),"name" text,"attributes" text,"redirect_uri" text,"locale" varchar(35),"message" text,"hash" bytea,"sent_at" timestamptz,"sent_count" bigint,"expires_at" timestamptz,"accepted_at" timestamptz,"accepted_by" varchar(36),"revoked_at" timestamptz,"created_at" timestamptz,"actor_name" text,PRIMARY KEY ("id"))
--;
CREATE UNIQUE INDEX IF NOT EXISTS "invitations_hash" ON "invitations" ("hash")
--;
CREATE INDEX IF NOT EXISTS "invitations_address" ON "invitations" ("tenant_id","canonical")
--;
CREATE INDEX IF NOT EXISTS "invitations_time" ON "invitations" ("tenant_id","created_at")
--;
ALTER TABLE users ALTER COLUMN name_norm TYPE text COLLATE "C"
--;
ALTER TABLE applications ALTER COLUMN name_norm TYPE text COLLATE "C"
--;
ALTER TABLE sign_ins ALTER COLUMN identifier TYPE text COLLATE "C"
--;
CREATE INDEX IF NOT EXISTS users_mail ON users (tenant_id, lower(mail))
--;
CREATE INDEX IF NOT EXISTS users_deleted ON users (tenant_id, deleted_at) WHERE deleted_at IS NOT NULL
--;
CREATE INDEX IF NOT EXISTS users_name_deleted ON users (tenant_id, name_norm) WHERE deleted_at IS NOT NULL
--;
CREATE INDEX IF NOT EXISTS users_name_disabled ON users (tenant_id, name_norm) WHERE NOT enabled
--;
DO $$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX IF NOT EXISTS users_search ON users USING gin (search_norm gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
  RAISE WARNING 'pg_trgm is not available: searching people will be slow';
END $$
