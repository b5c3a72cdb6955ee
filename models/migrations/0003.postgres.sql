ALTER TABLE "tenants" ADD "trial_ends_at" timestamptz
--;
ALTER TABLE "tenants" ADD "deleted_at" timestamptz
--;
ALTER TABLE "users" ADD "self_deleted" boolean
--;
ALTER TABLE "users" ADD "emergency" boolean
--;
CREATE INDEX IF NOT EXISTS "users_last" ON "users" ("tenant_id","last_sign_in_at","id")
--;
CREATE INDEX IF NOT EXISTS "users_updated" ON "users" ("tenant_id","updated_at")
--;
CREATE INDEX IF NOT EXISTS "invitations_person" ON "invitations" ("tenant_id","accepted_by")
--;
ALTER TABLE "audit_blocks" ADD "content" varchar(64)
--;
CREATE TABLE "groups" ("id" varchar(36),"tenant_id" varchar(36),"name" text,"name_norm" text,"description" text,"mail_nickname" text,"rule" text,"rule_paused" boolean,"rule_due" boolean,"rule_cursor" text,"rule_at" timestamptz,"version" bigint,"created_at" timestamptz,"updated_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE UNIQUE INDEX IF NOT EXISTS "groups_name" ON "groups" ("tenant_id","name_norm")
--;
CREATE TABLE "group_members" ("tenant_id" varchar(36),"group_id" varchar(36),"member_id" varchar(36),"kind" text,"by_rule" boolean,"created_at" timestamptz,PRIMARY KEY ("tenant_id","group_id","member_id"))
--;
CREATE INDEX IF NOT EXISTS "group_members_nested" ON "group_members" ("tenant_id","group_id","member_id") WHERE kind = 'group'
--;
CREATE INDEX IF NOT EXISTS "group_members_time" ON "group_members" ("tenant_id","group_id","created_at","member_id")
--;
CREATE INDEX IF NOT EXISTS "group_members_of" ON "group_members" ("tenant_id","member_id","group_id")
--;
CREATE TABLE "app_role_assignments" ("id" varchar(36),"tenant_id" varchar(36),"principal_id" varchar(36),"principal_kind" text,"application_id" varchar(36),"role_id" varchar(36),"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "app_role_assignments_app" ON "app_role_assignments" ("tenant_id","application_id","created_at")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "app_role_assignments_once" ON "app_role_assignments" ("tenant_id","principal_id","application_id","role_id")
--;
CREATE TABLE "pending_changes" ("id" varchar(36),"tenant_id" varchar(36),"user_id" varchar(36),"kind" varchar(32),"state" bytea,"created_at" timestamptz,"expires_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "pending_changes_expiry" ON "pending_changes" ("expires_at")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "pending_changes_once" ON "pending_changes" ("tenant_id","user_id","kind")
--;
CREATE TABLE "sign_in_reports" ("tenant_id" varchar(36),"sign_in_id" varchar(36),"user_id" varchar(36),"created_at" timestamptz,PRIMARY KEY ("tenant_id","sign_in_id"))
--;
CREATE INDEX IF NOT EXISTS "sign_in_reports_user" ON "sign_in_reports" ("tenant_id","user_id")
--;
CREATE TABLE "imports" ("id" varchar(36),"tenant_id" varchar(36),"file_name" text,"format" text,"options" bytea,"dry_run" boolean,"state" varchar(16),"bytes" bigint,"hash" text,"chunks" bigint,"cursor" bigint,"rows" bigint,"created" bigint,"updated" bigint,"unchanged" bigint,"refused" bigint,"warned" bigint,"complaints" bigint,"problem" text,"actor_kind" text,"actor_id" text,"actor_name" text,"actor_ip" text,"owner" varchar(64),"lease_until" timestamptz,"created_at" timestamptz,"started_at" timestamptz,"finished_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "imports_state" ON "imports" ("state")
--;
CREATE INDEX IF NOT EXISTS "imports_time" ON "imports" ("tenant_id","created_at")
--;
CREATE TABLE "import_chunks" ("id" varchar(48),"import_id" varchar(36),"tenant_id" varchar(36),"body" bytea,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "import_chunks_tenant" ON "import_chunks" ("tenant_id")
--;
CREATE INDEX IF NOT EXISTS "import_chunks_import" ON "import_chunks" ("import_id")
--;
CREATE TABLE "import_complaints" ("import_id" varchar(36),"record" bigint,"number" bigint,"tenant_id" varchar(36),"line" bigint,"who" text,"field" text,"key" text,"args" text,"refused" boolean,PRIMARY KEY ("import_id","record","number"))
--;
CREATE INDEX IF NOT EXISTS "import_complaints_tenant" ON "import_complaints" ("tenant_id")
--;
CREATE TABLE "bulk_changes" ("id" varchar(36),"tenant_id" varchar(36),"action" varchar(32),"group_id" varchar(36),"group_name" text,"query" text,"filter" text,"position" text,"state" varchar(16),"people" bigint,"planned" bigint,"next" bigint,"done" bigint,"skipped" bigint,"failed" bigint,"problem" text,"actor_kind" text,"actor_id" text,"actor_name" text,"actor_ip" text,"created_at" timestamptz,"confirmed_at" timestamptz,"finished_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "bulk_changes_state" ON "bulk_changes" ("state")
--;
CREATE INDEX IF NOT EXISTS "bulk_changes_time" ON "bulk_changes" ("tenant_id","created_at")
--;
CREATE TABLE "bulk_people" ("bulk_id" varchar(36),"number" bigint,"tenant_id" varchar(36),"person_id" varchar(36),"reason" varchar(32),"result" varchar(32),PRIMARY KEY ("bulk_id","number"))
--;
CREATE INDEX IF NOT EXISTS "bulk_people_tenant" ON "bulk_people" ("tenant_id")
--;
CREATE TABLE "saved_views" ("id" varchar(36),"tenant_id" varchar(36),"list" varchar(32),"name" text,"query" text,"owner_id" varchar(36),"shared" boolean,"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "saved_views_list" ON "saved_views" ("tenant_id","list")
--;
CREATE TABLE "expiry_notices" ("tenant_id" varchar(36),"credential_id" varchar(36),"days" bigint,"created_at" timestamptz,PRIMARY KEY ("tenant_id","credential_id","days"))
--;
CREATE TABLE "caller_checks" ("id" varchar(36),"tenant_id" varchar(36),"user_id" varchar(36),"admin_id" varchar(36),"channel" text,"sent_to" text,"verified_at" timestamptz,"created_at" timestamptz,"expires_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "caller_checks_expiry" ON "caller_checks" ("expires_at")
--;
CREATE INDEX IF NOT EXISTS "caller_checks_user" ON "caller_checks" ("tenant_id","user_id")
--;
CREATE TABLE "emergency_uses" ("id" varchar(36),"tenant_id" varchar(36),"user_id" varchar(36),"noted_by" varchar(36),"noted_at" timestamptz,"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "emergency_uses_time" ON "emergency_uses" ("tenant_id","created_at")
--;
UPDATE users SET self_deleted = false, emergency = false
--;
ALTER TABLE groups ALTER COLUMN name_norm TYPE text COLLATE "C"
--;
CREATE INDEX IF NOT EXISTS users_leaving ON users (tenant_id, deleted_at) WHERE self_deleted
--;
CREATE INDEX IF NOT EXISTS users_must_change ON users (tenant_id, name_norm) WHERE must_change_password
--;
UPDATE role_assignments SET role_id = '0f971eea-41eb-4569-a71e-57bb8a3eff1e' WHERE role_id = '0526716b-113d-4c15-b2c8-68e3c22b9f80'
--;
INSERT INTO role_assignments (id, tenant_id, user_id, role_id, target_tenant, created_at)
SELECT gen_random_uuid()::text, tenant_id, user_id, '1f865ad0-c375-4800-9313-b066950dd9ad', '*', created_at FROM role_assignments
WHERE role_id = '62e90394-69f5-4237-9190-012177145e10' AND target_tenant = '*'
--;
CREATE TABLE IF NOT EXISTS attribute_values (
  tenant_id varchar(36) NOT NULL,
  attribute_id varchar(128) NOT NULL,
  value varchar(128) NOT NULL,
  user_id varchar(36) NOT NULL,
  PRIMARY KEY (tenant_id, attribute_id, value, user_id)
)
--;
CREATE INDEX IF NOT EXISTS attribute_values_owner ON attribute_values (user_id)
--;
CREATE OR REPLACE FUNCTION keep_attribute_values() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP <> 'INSERT' THEN DELETE FROM attribute_values WHERE user_id = OLD.id; END IF;
  IF TG_OP <> 'DELETE' AND NEW.attributes LIKE '%extension\_%' THEN
    INSERT INTO attribute_values (tenant_id, attribute_id, value, user_id)
      SELECT NEW.tenant_id, key, left(value, 128), NEW.id FROM jsonb_each_text(NEW.attributes::jsonb) WHERE key LIKE 'extension\_%' AND value IS NOT NULL;
  END IF;
  RETURN NULL;
END $$
--;
CREATE OR REPLACE TRIGGER users_values_insert AFTER INSERT OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION keep_attribute_values()
--;
CREATE OR REPLACE TRIGGER users_values_update AFTER UPDATE OF attributes ON users FOR EACH ROW WHEN (OLD.attributes IS DISTINCT FROM NEW.attributes) EXECUTE FUNCTION keep_attribute_values()
--;
INSERT INTO attribute_values (tenant_id, attribute_id, value, user_id)
  SELECT u.tenant_id, j.key, left(j.value, 128), u.id FROM users AS u, jsonb_each_text(u.attributes::jsonb) AS j
    WHERE u.attributes LIKE '%extension\_%' AND j.key LIKE 'extension\_%' AND j.value IS NOT NULL
