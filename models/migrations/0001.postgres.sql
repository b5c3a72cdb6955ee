CREATE TABLE "tenants" ("id" varchar(36),"slug" varchar(64),"name" text,"kind" text,"plan" text,"disabled" boolean,"default_locale" text,"settings" text,"version" bigint,"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE UNIQUE INDEX IF NOT EXISTS "tenants_slug" ON "tenants" ("slug")
--;
CREATE TABLE "users" ("id" varchar(36),"tenant_id" varchar(36),"display_name" text,"given_name" text,"surname" text,"mail" text,"mail_verified" boolean,"job_title" text,"street_address" text,"city" text,"state" text,"postal_code" text,"country" text,"mobile_phone" text,"preferred_language" text,"attributes" text,"name_norm" text,"search_norm" text,"first_factor" text,"creation_type" text,"enabled" boolean,"must_change_password" boolean,"sessions_valid_from" timestamptz,"last_sign_in_at" timestamptz,"created_at" timestamptz,"updated_at" timestamptz,"deleted_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "users_name" ON "users" ("tenant_id","name_norm")
--;
CREATE INDEX IF NOT EXISTS "users_created" ON "users" ("tenant_id","created_at")
--;
CREATE TABLE "identities" ("id" varchar(36),"tenant_id" varchar(36),"user_id" varchar(36),"sign_in_type" varchar(64),"issuer" varchar(512),"canonical" varchar(512),"value" text,"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "identities_user" ON "identities" ("tenant_id","user_id")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "identities_way" ON "identities" ("tenant_id","sign_in_type","issuer","canonical")
--;
CREATE TABLE "credentials" ("id" varchar(36),"tenant_id" varchar(36),"user_id" varchar(36),"kind" text,"name" text,"lookup_key" varchar(512),"secret" bytea,"data" text,"counter" bigint,"created_at" timestamptz,"last_used_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "credentials_lookup" ON "credentials" ("lookup_key")
--;
CREATE INDEX IF NOT EXISTS "credentials_user" ON "credentials" ("tenant_id","user_id")
--;
CREATE TABLE "applications" ("id" varchar(36),"tenant_id" varchar(36),"client_id" varchar(36),"service_principal_id" varchar(36),"name" text,"name_norm" text,"kind" text,"enabled" boolean,"spec" text,"first_request_at" timestamptz,"created_at" timestamptz,"updated_at" timestamptz,"deleted_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE UNIQUE INDEX IF NOT EXISTS "applications_sp" ON "applications" ("service_principal_id")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "applications_client" ON "applications" ("tenant_id","client_id")
--;
CREATE INDEX IF NOT EXISTS "applications_tenant" ON "applications" ("tenant_id","name_norm")
--;
CREATE TABLE "application_credentials" ("id" varchar(36),"tenant_id" varchar(36),"application_id" varchar(36),"kind" text,"name" text,"hash" bytea,"hint" text,"certificate" text,"thumbprint_s256" varchar(64),"thumbprint_s1" varchar(64),"expires_at" timestamptz,"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "application_credentials_app" ON "application_credentials" ("tenant_id","application_id")
--;
CREATE TABLE "user_flows" ("id" varchar(36),"tenant_id" varchar(36),"name" text,"published" bigint,"created_at" timestamptz,"updated_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "user_flows_tenant" ON "user_flows" ("tenant_id")
--;
CREATE TABLE "user_flow_versions" ("flow_id" varchar(36),"version" bigint,"tenant_id" varchar(36),"document" text,"created_at" timestamptz,"actor_name" text,PRIMARY KEY ("flow_id","version"))
--;
CREATE INDEX IF NOT EXISTS "user_flow_versions_tenant" ON "user_flow_versions" ("tenant_id")
--;
CREATE TABLE "user_flow_apps" ("application_id" varchar(36),"tenant_id" varchar(36),"flow_id" varchar(36),PRIMARY KEY ("application_id"))
--;
CREATE INDEX IF NOT EXISTS "user_flow_apps_flow" ON "user_flow_apps" ("tenant_id","flow_id")
--;
CREATE TABLE "sign_ins" ("id" varchar(36),"tenant_id" varchar(36),"created_at" timestamptz,"correlation_id" varchar(64),"kind" text,"protocol" text,"result" text,"code" bigint,"user_id" varchar(36),"user_name" text,"identifier" text,"client_id" varchar(36),"client_name" text,"ip" text,"country" text,"browser" text,"os" text,"sign_up" boolean,"risk_level" text,"count" bigint,"record" text,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "signins_sign_up" ON "sign_ins" ("tenant_id","created_at") WHERE sign_up
--;
CREATE INDEX IF NOT EXISTS "signins_correlation" ON "sign_ins" ("tenant_id","correlation_id")
--;
CREATE INDEX IF NOT EXISTS "signins_identifier" ON "sign_ins" ("tenant_id","identifier")
--;
CREATE INDEX IF NOT EXISTS "signins_country" ON "sign_ins" ("tenant_id","country","created_at")
--;
CREATE INDEX IF NOT EXISTS "signins_ip" ON "sign_ins" ("tenant_id","ip","created_at")
--;
CREATE INDEX IF NOT EXISTS "signins_result" ON "sign_ins" ("tenant_id","result","created_at")
--;
CREATE INDEX IF NOT EXISTS "signins_app" ON "sign_ins" ("tenant_id","client_id","created_at")
--;
CREATE INDEX IF NOT EXISTS "signins_user" ON "sign_ins" ("tenant_id","user_id","created_at")
--;
CREATE INDEX IF NOT EXISTS "signins_kind" ON "sign_ins" ("tenant_id","kind","created_at")
--;
CREATE INDEX IF NOT EXISTS "signins_time" ON "sign_ins" ("tenant_id","created_at")
--;
CREATE TABLE "audits" ("id" varchar(36),"tenant_id" varchar(36),"created_at" timestamptz,"activity" text,"category" text,"operation" text,"result" text,"actor_kind" text,"actor_id" text,"actor_name" text,"actor_ip" text,"target_kind" text,"target_id" text,"target_name" text,"changes" text,"correlation_id" text,"block" varchar(36),PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "audits_block" ON "audits" ("tenant_id","block","created_at")
--;
CREATE INDEX IF NOT EXISTS "audits_correlation" ON "audits" ("tenant_id","correlation_id")
--;
CREATE INDEX IF NOT EXISTS "audits_category" ON "audits" ("tenant_id","category","created_at")
--;
CREATE INDEX IF NOT EXISTS "audits_actor" ON "audits" ("tenant_id","actor_id","created_at")
--;
CREATE INDEX IF NOT EXISTS "audits_target" ON "audits" ("tenant_id","target_id","created_at")
--;
CREATE INDEX IF NOT EXISTS "audits_time" ON "audits" ("tenant_id","created_at")
--;
CREATE TABLE "client_diagnostics" ("id" varchar(36),"tenant_id" varchar(36),"client_id" varchar(36),"kind" varchar(40),"given" text,"expected" text,"count" bigint,"first_at" timestamptz,"last_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "client_diagnostics_client" ON "client_diagnostics" ("tenant_id","client_id","last_at")
--;
CREATE TABLE "demo_sessions" ("id" varchar(64),"app" varchar(32),"sid" varchar(64),"subject" varchar(255),"data" bytea,"expires_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "demo_sessions_expiry" ON "demo_sessions" ("expires_at")
--;
CREATE INDEX IF NOT EXISTS "demo_sessions_sub" ON "demo_sessions" ("app","subject")
--;
CREATE INDEX IF NOT EXISTS "demo_sessions_sid" ON "demo_sessions" ("app","sid")
--;
CREATE TABLE "portal_sessions" ("id" varchar(36),"tenant_id" varchar(36),"user_id" varchar(36),"s_id" varchar(64),"amr" text,"auth_time" timestamptz,"handoff" varchar(64),"handoff_until" timestamptz,"secret" varchar(64),"binding" varchar(64),"return_to" text,"flash" bytea,"created_at" timestamptz,"last_seen_at" timestamptz,"absolute_until" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "portal_sessions_seen" ON "portal_sessions" ("last_seen_at")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "portal_sessions_secret" ON "portal_sessions" ("secret")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "portal_sessions_handoff" ON "portal_sessions" ("handoff")
--;
CREATE INDEX IF NOT EXISTS "portal_sessions_user" ON "portal_sessions" ("tenant_id","user_id")
--;
CREATE TABLE "outbox" ("id" varchar(36),"tenant_id" varchar(36),"kind" varchar(32),"payload" bytea,"state" varchar(16),"due_at" timestamptz,"owner" varchar(64),"attempts" bigint,"reason" text,"created_at" timestamptz,"not_after" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "outbox_due" ON "outbox" ("state")
--;
CREATE TABLE "jobs" ("name" varchar(64),"owner" varchar(64),"due_at" timestamptz,"until" timestamptz,"ran_at" timestamptz,"problem" text,PRIMARY KEY ("name"))
--;
CREATE TABLE "mailbox" ("id" varchar(36),"tenant_id" varchar(36),"channel" varchar(16),"to_norm" text,"to" text,"sender" text,"subject" text,"text" text,"html" text,"code" text,"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "mailbox_time" ON "mailbox" ("created_at")
--;
CREATE INDEX IF NOT EXISTS "mailbox_to" ON "mailbox" ("to_norm")
--;
CREATE TABLE "audit_blocks" ("id" varchar(36),"tenant_id" varchar(36),"number" bigint,"previous" varchar(64),"hash" varchar(64),"rows" bigint,"first_at" timestamptz,"last_at" timestamptz,"purged" boolean,"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE UNIQUE INDEX IF NOT EXISTS "audit_blocks_number" ON "audit_blocks" ("tenant_id","number")
--;
CREATE TABLE "role_assignments" ("id" varchar(36),"tenant_id" varchar(36),"user_id" varchar(36),"role_id" varchar(36),"target_tenant" varchar(36),"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE UNIQUE INDEX IF NOT EXISTS "role_assignments_once" ON "role_assignments" ("user_id","role_id","target_tenant")
--;
CREATE TABLE "one_time_links" ("id" varchar(36),"tenant_id" varchar(36),"purpose" varchar(32),"user_id" varchar(36),"hash" bytea,"expires_at" timestamptz,"used_at" timestamptz,"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE UNIQUE INDEX IF NOT EXISTS "one_time_links_hash" ON "one_time_links" ("hash")
--;
CREATE INDEX IF NOT EXISTS "one_time_links_tenant" ON "one_time_links" ("tenant_id")
--;
CREATE TABLE "openid_grants" ("id" varchar(36),"tenant_id" varchar(36),"client_id" varchar(36),"user_id" varchar(36),"sid" varchar(64),"sign_in_id" varchar(36),"platform" varchar(16),"redirect_uri" text,"scopes" text,"nonce" text,"code_challenge" varchar(64),"auth_time" timestamptz,"amr" text,"acr" text,"claims" text,"client_info" boolean,"created_at" timestamptz,"code_hash" bytea,"code_expires_at" timestamptz,"code_used_at" timestamptz,"refresh_hash" bytea,"refresh_previous" bytea,"rotated_at" timestamptz,"refresh_expires_at" timestamptz,"revoked_at" timestamptz,"revoked_for" text,"purge_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "openid_grants_purge" ON "openid_grants" ("purge_at")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "openid_grants_code" ON "openid_grants" ("code_hash")
--;
CREATE INDEX IF NOT EXISTS "openid_grants_user" ON "openid_grants" ("tenant_id","user_id")
--;
CREATE INDEX IF NOT EXISTS "openid_grants_session" ON "openid_grants" ("tenant_id","sid")
--;
CREATE TABLE "openid_keys" ("tenant_id" varchar(36),"alg" varchar(16),"turn" bigint,"id" varchar(64),"private" bytea,"created_at" timestamptz,"sign_from" timestamptz,"retire_at" timestamptz,PRIMARY KEY ("tenant_id","alg","turn"))
--;
CREATE INDEX IF NOT EXISTS "openid_keys_id" ON "openid_keys" ("id")
--;
CREATE TABLE "openid_assertions" ("tenant_id" varchar(36),"client_id" varchar(36),"hash" bytea,"expires_at" timestamptz,PRIMARY KEY ("tenant_id","client_id","hash"))
--;
CREATE INDEX IF NOT EXISTS "openid_assertions_expiry" ON "openid_assertions" ("expires_at")
--;
CREATE TABLE "openid_requests" ("hash" bytea,"tenant_id" varchar(36),"body" bytea,"expires_at" timestamptz,PRIMARY KEY ("hash"))
--;
CREATE INDEX IF NOT EXISTS "openid_requests_expiry" ON "openid_requests" ("expires_at")
--;
CREATE INDEX IF NOT EXISTS "openid_requests_tenant" ON "openid_requests" ("tenant_id")
--;
CREATE TABLE "openid_consents" ("tenant_id" varchar(36),"user_id" varchar(36),"client_id" varchar(36),"scopes" text,"created_at" timestamptz,"updated_at" timestamptz,PRIMARY KEY ("tenant_id","user_id","client_id"))
--;
CREATE TABLE "attempts" ("id" varchar(36),"tenant_id" varchar(36),"version" bigint,"browser" varchar(64),"body" bytea,"started_at" timestamptz,"expires_at" timestamptz,"ended_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "attempts_expiry" ON "attempts" ("expires_at")
--;
CREATE INDEX IF NOT EXISTS "attempts_tenant" ON "attempts" ("tenant_id")
--;
CREATE TABLE "mailed_codes" ("id" varchar(36),"tenant_id" varchar(36),"attempt_id" varchar(36),"purpose" varchar(16),"hash" bytea,"tries" bigint,"used_at" timestamptz,"expires_at" timestamptz,"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "mailed_codes_expiry" ON "mailed_codes" ("expires_at")
--;
CREATE INDEX IF NOT EXISTS "mailed_codes_attempt" ON "mailed_codes" ("attempt_id")
--;
CREATE TABLE "limits" ("key" varchar(64),"counts" text,"expires_at" timestamptz,PRIMARY KEY ("key"))
--;
CREATE INDEX IF NOT EXISTS "limits_expiry" ON "limits" ("expires_at")
--;
CREATE TABLE "lockouts" ("key" varchar(64),"tenant_id" varchar(36),"state" text,"updated_at" timestamptz,PRIMARY KEY ("key","tenant_id"))
--;
CREATE INDEX IF NOT EXISTS "lockouts_idle" ON "lockouts" ("updated_at")
--;
CREATE TABLE "sessions" ("key_hash" varchar(64),"tenant_id" varchar(36),"sid" varchar(64),"user_id" varchar(36),"auth_time" timestamptz,"amr" text,"mfa_time" timestamptz,"persistent" boolean,"created_at" timestamptz,"last_seen_at" timestamptz,"expires_at" timestamptz,"revoked_at" timestamptz,"revoked_for" text,"ip" text,"user_agent" text,"browser" text,"os" text,"country" text,"city" text,"data" text,PRIMARY KEY ("key_hash"))
--;
CREATE INDEX IF NOT EXISTS "sessions_expiry" ON "sessions" ("expires_at")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "sessions_sid" ON "sessions" ("sid")
--;
CREATE INDEX IF NOT EXISTS "sessions_user" ON "sessions" ("tenant_id","user_id")
--;
CREATE TABLE "session_clients" ("sid" varchar(64),"client_id" varchar(36),"tenant_id" varchar(36),"first_at" timestamptz,"last_at" timestamptz,PRIMARY KEY ("sid","client_id"))
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
