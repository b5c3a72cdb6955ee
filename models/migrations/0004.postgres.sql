ALTER TABLE "users" ADD "risk_level" varchar(16)
--;
ALTER TABLE "users" ADD "risk_state" varchar(32)
--;
ALTER TABLE "users" ADD "risk_detail" varchar(64)
--;
ALTER TABLE "users" ADD "risk_at" timestamptz
--;
CREATE INDEX IF NOT EXISTS "users_risk" ON "users" ("tenant_id","risk_at","id") WHERE risk_at IS NOT NULL
--;
ALTER TABLE "sign_ins" ADD "decision" bytea
--;
ALTER TABLE "openid_grants" ADD "methods" text
--;
ALTER TABLE "openid_grants" ADD "aaguids" text
--;
ALTER TABLE "openid_grants" ADD "contexts" text
--;
ALTER TABLE "openid_grants" ADD "mfa_time" timestamptz
--;
ALTER TABLE "sessions" ADD "methods" text
--;
ALTER TABLE "sessions" ADD "aaguids" text
--;
CREATE TABLE "conditional_access_policies" ("id" varchar(36),"tenant_id" varchar(36),"name" text,"state" text,"document" text,"created_at" timestamptz,"modified_at" timestamptz,"deleted_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "policies_tenant" ON "conditional_access_policies" ("tenant_id","created_at")
--;
CREATE TABLE "named_locations" ("id" varchar(36),"tenant_id" varchar(36),"name" text,"document" text,"created_at" timestamptz,"modified_at" timestamptz,"deleted_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "locations_tenant" ON "named_locations" ("tenant_id","created_at")
--;
CREATE TABLE "authentication_strengths" ("id" varchar(36),"tenant_id" varchar(36),"name" text,"document" text,"created_at" timestamptz,"modified_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "strengths_tenant" ON "authentication_strengths" ("tenant_id","created_at")
--;
CREATE TABLE "authentication_contexts" ("tenant_id" varchar(36),"id" varchar(8),"name" text,"description" text,"available" boolean,"created_at" timestamptz,PRIMARY KEY ("tenant_id","id"))
--;
CREATE TABLE "remembered_devices" ("id" varchar(36),"tenant_id" varchar(36),"user_id" varchar(36),"hash" bytea,"name" text,"methods" text,"mfa_time" timestamptz,"created_at" timestamptz,"last_used_at" timestamptz,"expires_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "remembered_devices_expiry" ON "remembered_devices" ("expires_at")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "remembered_devices_hash" ON "remembered_devices" ("hash")
--;
CREATE INDEX IF NOT EXISTS "remembered_devices_user" ON "remembered_devices" ("tenant_id","user_id")
--;
CREATE TABLE "policy_effects" ("tenant_id" varchar(36),"policy_id" varchar(36),"day" varchar(13),"client_id" varchar(36),"result" varchar(40),"count" bigint,PRIMARY KEY ("tenant_id","policy_id","day","client_id","result"))
--;
CREATE TABLE "policy_effect_cursors" ("tenant_id" varchar(36),"at" timestamptz,"id" varchar(36),PRIMARY KEY ("tenant_id"))
--;
CREATE TABLE "policy_replays" ("id" varchar(36),"tenant_id" varchar(36),"admin_id" varchar(36),"state" text,"draft" text,"report" text,"done" bigint,"total" bigint,"created_at" timestamptz,"finished_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "policy_replays_time" ON "policy_replays" ("tenant_id","created_at")
--;
CREATE TABLE "text_days" ("tenant_id" varchar(36),"day" varchar(10),"code" varchar(4),"sent" bigint,"refused" bigint,"told" bigint,PRIMARY KEY ("tenant_id","day","code"))
--;
UPDATE users SET risk_level = '', risk_state = '', risk_detail = ''
--;
UPDATE sessions SET methods = '', aaguids = ''
--;
UPDATE openid_grants SET methods = '', aaguids = '', contexts = ''
