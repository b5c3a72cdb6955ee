CREATE INDEX IF NOT EXISTS "webhook_deliveries_late" ON "webhook_deliveries" ("tenant_id","not_after") WHERE state = 'pending'
--;
CREATE TABLE "brandings" ("tenant_id" varchar(36),"id" varchar(36),"name" text,"draft" text,"draft_at" timestamptz,"draft_actor" text,"revision" bigint,"published" text,"version" bigint,"created_at" timestamptz,"updated_at" timestamptz,PRIMARY KEY ("tenant_id","id"))
--;
CREATE TABLE "branding_versions" ("tenant_id" varchar(36),"branding_id" varchar(36),"version" bigint,"document" text,"note" text,"created_at" timestamptz,"actor_name" text,PRIMARY KEY ("tenant_id","branding_id","version"))
--;
CREATE TABLE "branding_apps" ("tenant_id" varchar(36),"app_id" varchar(36),"branding_id" varchar(36),PRIMARY KEY ("tenant_id","app_id"))
--;
CREATE TABLE "pictures" ("tenant_id" varchar(36),"hash" varchar(64),"media" varchar(32),"width" bigint,"height" bigint,"bytes" bigint,"smaller" text,"data" bytea,"unused_at" timestamptz,"created_at" timestamptz,PRIMARY KEY ("tenant_id","hash"))
--;
CREATE TABLE "mail_senders" ("tenant_id" varchar(36),"domain" varchar(253),"token" varchar(64),"proven_at" timestamptz,"checked_at" timestamptz,"server" text,"secret" bytea,PRIMARY KEY ("tenant_id"))
--;
ALTER TABLE "extension_calls" ADD "person_key" varchar(64)
--;
CREATE INDEX IF NOT EXISTS "extension_calls_about" ON "extension_calls" ("tenant_id","person_key")
--;
INSERT INTO brandings (tenant_id, id, name, draft, draft_actor, revision, published, version, created_at, updated_at)
  SELECT id, 'company', '', '', '', 1, json_build_object('languages', json_build_object('', settings::json->'theme'))::text, 1, created_at, created_at
    FROM tenants WHERE settings <> '' AND settings::json->'theme' IS NOT NULL AND NOT EXISTS (SELECT 1 FROM brandings WHERE tenant_id = tenants.id)
--;
INSERT INTO branding_versions (tenant_id, branding_id, version, document, note, created_at, actor_name)
  SELECT tenant_id, id, 1, published, '', created_at, '' FROM brandings WHERE version = 1 AND NOT EXISTS (SELECT 1 FROM branding_versions AS v WHERE v.tenant_id = brandings.tenant_id)
