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
UPDATE user_flows SET draft = '', draft_base = 0, draft_revision = 0, draft_actor = ''
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
CREATE TABLE "claims_policies" ("tenant_id" varchar(36),"id" varchar(36),"document" text,"created_at" timestamptz,"updated_at" timestamptz,PRIMARY KEY ("tenant_id","id"))
--;
INSERT INTO user_attributes (tenant_id, id, name_norm, document, created_at, updated_at)
  SELECT tenant_id, id, lower(name), json_build_object('id', id, 'name', name, 'dataType', kind)::text, created_at, created_at FROM (
    SELECT v.tenant_id, a.value->>'id' AS id, substr(a.value->>'id', 11) AS name,
      CASE a.value->>'dataType' WHEN 'boolean' THEN 'boolean' WHEN 'int64' THEN 'int64' ELSE 'string' END AS kind, v.created_at,
      row_number() OVER (PARTITION BY v.tenant_id, lower(a.value->>'id') ORDER BY v.created_at DESC) AS n
    FROM user_flow_versions AS v, json_array_elements(CASE json_typeof(v.document::json->'attributes')
      WHEN 'array' THEN v.document::json->'attributes' ELSE '[]' END) AS a
    WHERE substr(a.value->>'id', 1, 10) = 'extension_') AS named WHERE n = 1
