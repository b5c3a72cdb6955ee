ALTER TABLE "users" ADD "risk_real" text
--;
CREATE INDEX IF NOT EXISTS "users_simulated" ON "users" ("tenant_id") WHERE risk_real IS NOT NULL
--;
ALTER TABLE "openid_grants" ADD "provider" varchar(36) DEFAULT ''
--;
CREATE INDEX IF NOT EXISTS "openid_grants_provider" ON "openid_grants" ("tenant_id","provider") WHERE provider <> ''
--;
ALTER TABLE "sessions" ADD "provider" varchar(36) DEFAULT ''
--;
ALTER TABLE "sessions" ADD "upstream" bytea
--;
CREATE INDEX IF NOT EXISTS "sessions_provider" ON "sessions" ("tenant_id","provider") WHERE provider <> ''
--;
ALTER TABLE "bulk_people" ADD "seen" varchar(64)
--;
CREATE INDEX IF NOT EXISTS "risk_detections_made" ON "risk_detections" ("tenant_id","timing","activity","detected_at")
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
--;
CREATE TABLE IF NOT EXISTS sign_in_types (
  tenant_id varchar(36) NOT NULL,
  type varchar(48) NOT NULL,
  created_at timestamptz NOT NULL,
  sign_in_id varchar(36) NOT NULL,
  PRIMARY KEY (tenant_id, type, created_at, sign_in_id)
)
--;
CREATE OR REPLACE FUNCTION keep_risk_types() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP <> 'INSERT' THEN DELETE FROM sign_in_types WHERE tenant_id = OLD.tenant_id AND type = ANY(string_to_array(OLD.risk_types, ',')) AND created_at = OLD.created_at AND sign_in_id = OLD.id; END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO sign_in_types (tenant_id, type, created_at, sign_in_id) SELECT DISTINCT NEW.tenant_id, type, NEW.created_at, NEW.id FROM unnest(string_to_array(NEW.risk_types, ',')) AS type;
  END IF;
  RETURN NULL;
END $$
--;
CREATE OR REPLACE TRIGGER signins_types_insert AFTER INSERT ON sign_ins FOR EACH ROW WHEN (NEW.risk_types <> '') EXECUTE FUNCTION keep_risk_types()
--;
CREATE OR REPLACE TRIGGER signins_types_update AFTER UPDATE OF risk_types ON sign_ins FOR EACH ROW WHEN (OLD.risk_types IS DISTINCT FROM NEW.risk_types) EXECUTE FUNCTION keep_risk_types()
--;
CREATE OR REPLACE TRIGGER signins_types_delete AFTER DELETE ON sign_ins FOR EACH ROW WHEN (OLD.risk_types <> '') EXECUTE FUNCTION keep_risk_types()
--;
INSERT INTO sign_in_types (tenant_id, type, created_at, sign_in_id)
  SELECT DISTINCT s.tenant_id, k.type, s.created_at, s.id FROM sign_ins AS s, unnest(string_to_array(s.risk_types, ',')) AS k(type) WHERE s.risk_state <> '' AND s.risk_types <> ''
  ON CONFLICT DO NOTHING
