ALTER TABLE "users" ADD "risk_real" text
--;
CREATE INDEX IF NOT EXISTS "users_simulated" ON "users" ("tenant_id") WHERE risk_real IS NOT NULL
--;
ALTER TABLE "risk_events" ADD "simulated" boolean NOT NULL DEFAULT false
--;
CREATE TABLE "identity_providers" ("id" varchar(36),"tenant_id" varchar(36),"kind" varchar(24),"name_norm" varchar(256),"enabled" boolean,"document" text,"secret" bytea,"secret_hint" varchar(16),"secret_expires_at" timestamptz,"key" bytea,"fetched_at" timestamptz,"fetch_error" text,"due_at" timestamptz,"created_at" timestamptz,"modified_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "providers_due" ON "identity_providers" ("due_at") WHERE due_at IS NOT NULL
--;
CREATE UNIQUE INDEX IF NOT EXISTS "providers_name" ON "identity_providers" ("tenant_id","name_norm")
--;
CREATE TABLE "provider_domains" ("id" varchar(36),"tenant_id" varchar(36),"provider_id" varchar(36),"domain" varchar(253),"token" varchar(64),"proven_at" timestamptz,"waived" boolean,"checked_at" timestamptz,"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "provider_domains_provider" ON "provider_domains" ("tenant_id","provider_id")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "provider_domains_domain" ON "provider_domains" ("tenant_id","domain")
--;
CREATE TABLE "parked_answers" ("id" varchar(64),"tenant_id" varchar(36),"provider_id" varchar(36),"form" bytea,"expires_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "parked_answers_expiry" ON "parked_answers" ("expires_at")
--;
CREATE INDEX IF NOT EXISTS "parked_answers_tenant" ON "parked_answers" ("tenant_id")
--;
CREATE TABLE "used_assertions" ("id" varchar(64),"tenant_id" varchar(36),"expires_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "used_assertions_expiry" ON "used_assertions" ("expires_at")
--;
CREATE INDEX IF NOT EXISTS "used_assertions_tenant" ON "used_assertions" ("tenant_id")
