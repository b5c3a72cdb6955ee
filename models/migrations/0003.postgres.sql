ALTER TABLE "tenants" ADD "trial_ends_at" timestamptz
--;
ALTER TABLE "tenants" ADD "deleted_at" timestamptz
--;
ALTER TABLE "users" ADD "self_deleted" boolean
--;
ALTER TABLE "users" ADD "emergency" boolean
--;
CREATE INDEX IF NOT EXISTS "users_updated" ON "users" ("tenant_id","updated_at")
--;
CREATE TABLE "groups" ("id" varchar(36),"tenant_id" varchar(36),"name" text,"name_norm" text,"description" text,"mail_nickname" text,"rule" text,"rule_paused" boolean,"version" bigint,"created_at" timestamptz,"updated_at" timestamptz,PRIMARY KEY ("id"))
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
CREATE TABLE "imports" ("id" varchar(36),"tenant_id" varchar(36),"file_name" text,"format" text,"options" text,"dry_run" boolean,"state" text,"bytes" bigint,"chunks" bigint,"cursor" bigint,"rows" bigint,"created" bigint,"updated" bigint,"unchanged" bigint,"refused" bigint,"problem" text,"actor_kind" text,"actor_id" text,"actor_name" text,"created_at" timestamptz,"started_at" timestamptz,"finished_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "imports_time" ON "imports" ("tenant_id","created_at")
--;
CREATE TABLE "import_chunks" ("import_id" varchar(36),"number" bigint,"tenant_id" varchar(36),"body" bytea,PRIMARY KEY ("import_id","number"))
--;
CREATE INDEX IF NOT EXISTS "import_chunks_tenant" ON "import_chunks" ("tenant_id")
--;
CREATE TABLE "import_complaints" ("import_id" varchar(36),"record" bigint,"number" bigint,"tenant_id" varchar(36),"line" bigint,"who" text,"field" text,"key" text,"args" text,"refused" boolean,PRIMARY KEY ("import_id","record","number"))
--;
CREATE INDEX IF NOT EXISTS "import_complaints_tenant" ON "import_complaints" ("tenant_id")
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
UPDATE users SET self_deleted = false, emergency = false
--;
ALTER TABLE groups ALTER COLUMN name_norm TYPE text COLLATE "C"
