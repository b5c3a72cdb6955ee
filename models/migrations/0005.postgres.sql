CREATE INDEX IF NOT EXISTS "users_risk_level" ON "users" ("tenant_id","risk_level","risk_at") WHERE risk_level <> '' AND risk_level <> 'none' AND deleted_at IS NULL
--;
ALTER TABLE "sign_ins" ADD "risk_aggregate" varchar(16) DEFAULT ''
--;
ALTER TABLE "sign_ins" ADD "risk_state" varchar(32) DEFAULT ''
--;
ALTER TABLE "sign_ins" ADD "risk_detail" varchar(64) DEFAULT ''
--;
ALTER TABLE "sign_ins" ADD "risk_types" text DEFAULT ''
--;
CREATE INDEX IF NOT EXISTS "signins_risk" ON "sign_ins" ("tenant_id","created_at","risk_state","risk_aggregate") WHERE risk_state <> ''
--;
CREATE INDEX IF NOT EXISTS "signins_user_risk" ON "sign_ins" ("tenant_id","user_id","created_at") WHERE risk_state <> ''
--;
CREATE INDEX IF NOT EXISTS "signins_risk_state" ON "sign_ins" ("tenant_id","risk_state","created_at","risk_aggregate") WHERE risk_state <> ''
--;
CREATE INDEX IF NOT EXISTS "signins_risk_aggregate" ON "sign_ins" ("tenant_id","risk_aggregate","created_at") WHERE risk_state <> ''
--;
ALTER TABLE "openid_grants" ADD "renewed_from" text
--;
CREATE TABLE "sign_in_questions" ("id" varchar(36),"tenant_id" varchar(36),"user_id" varchar(36),"day" varchar(10),"device" varchar(64),"sign_in_id" varchar(36),"hash" bytea,"familiar" text,"document" text,"answer" varchar(8),"answered_at" timestamptz,"created_at" timestamptz,"expires_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "sign_in_questions_expiry" ON "sign_in_questions" ("expires_at")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "sign_in_questions_hash" ON "sign_in_questions" ("hash")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "sign_in_questions_once" ON "sign_in_questions" ("tenant_id","user_id","day","device")
--;
CREATE TABLE "risk_people" ("tenant_id" varchar(36),"user_id" varchar(36),"body" bytea,"updated_at" timestamptz,PRIMARY KEY ("tenant_id","user_id"))
--;
CREATE TABLE "risk_counts" ("tenant_id" varchar(36),"feature" varchar(32),"value" varchar(200),"n" decimal,"at" timestamptz,PRIMARY KEY ("tenant_id","feature","value"))
--;
CREATE TABLE "risk_sources" ("tenant_id" varchar(36),"source" varchar(48),"hour" varchar(13),"asn" bigint,"network" text,"country" varchar(2),"agent" varchar(64),"attempts" bigint,"failures" bigint,"successes" bigint,"sign_ups" bigint,"accounts" bytea,"strangers" bytea,"updated_at" timestamptz,PRIMARY KEY ("tenant_id","source","hour"))
--;
CREATE INDEX IF NOT EXISTS "risk_sources_hour" ON "risk_sources" ("tenant_id","hour")
--;
CREATE TABLE "risk_cursors" ("tenant_id" varchar(36),"reader" varchar(36),"at" timestamptz,"id" varchar(36),PRIMARY KEY ("tenant_id","reader"))
--;
CREATE TABLE "risk_days" ("tenant_id" varchar(36),"day" varchar(10),"kind" varchar(32),"value" varchar(64),"count" bigint,PRIMARY KEY ("tenant_id","day","kind","value"))
--;
CREATE TABLE "risk_detections" ("id" varchar(36),"tenant_id" varchar(36),"detected_at" timestamptz,"activity_at" timestamptz,"updated_at" timestamptz,"user_id" varchar(36),"user_name" text,"address" text,"sign_in_id" varchar(36),"correlation_id" varchar(64),"type" varchar(48),"level" varchar(16),"state" varchar(32),"detail" varchar(64),"timing" varchar(16),"activity" varchar(16),"ip" varchar(48),"country" varchar(2),"region" text,"city" text,"latitude" decimal,"longitude" decimal,"network" text,"browser" text,"os" text,"user_agent" text,"client_id" varchar(36),"client_name" text,"key" varchar(96),"evidence" text,"incident_id" varchar(36),"simulated" boolean,"count" bigint,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "risk_detections_app" ON "risk_detections" ("tenant_id","client_id","detected_at")
--;
CREATE INDEX IF NOT EXISTS "risk_detections_detail" ON "risk_detections" ("tenant_id","detail","detected_at")
--;
CREATE INDEX IF NOT EXISTS "risk_detections_incident" ON "risk_detections" ("tenant_id","incident_id") WHERE incident_id <> ''
--;
CREATE INDEX IF NOT EXISTS "risk_detections_country" ON "risk_detections" ("tenant_id","country","detected_at")
--;
CREATE INDEX IF NOT EXISTS "risk_detections_ip" ON "risk_detections" ("tenant_id","ip","detected_at")
--;
CREATE INDEX IF NOT EXISTS "risk_detections_updated" ON "risk_detections" ("tenant_id","updated_at")
--;
CREATE INDEX IF NOT EXISTS "risk_detections_type" ON "risk_detections" ("tenant_id","type","detected_at")
--;
CREATE INDEX IF NOT EXISTS "risk_detections_state" ON "risk_detections" ("tenant_id","state","level","detected_at")
--;
CREATE INDEX IF NOT EXISTS "risk_detections_sign_in" ON "risk_detections" ("tenant_id","sign_in_id")
--;
CREATE INDEX IF NOT EXISTS "risk_detections_user" ON "risk_detections" ("tenant_id","user_id","detected_at")
--;
CREATE INDEX IF NOT EXISTS "risk_detections_time" ON "risk_detections" ("tenant_id","detected_at","timing","activity","simulated")
--;
CREATE TABLE "risk_events" ("id" varchar(36),"tenant_id" varchar(36),"user_id" varchar(36),"at" timestamptz,"level" varchar(16),"state" varchar(32),"detail" varchar(64),"types" text,"actor_id" varchar(36),"actor_name" text,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "risk_events_time" ON "risk_events" ("tenant_id","at")
--;
CREATE INDEX IF NOT EXISTS "risk_events_user" ON "risk_events" ("tenant_id","user_id","at")
--;
CREATE TABLE "risk_undos" ("tenant_id" varchar(36),"subject" varchar(36),"user_id" varchar(36),"action" varchar(32),"at" timestamptz,"actor_id" varchar(36),"actor_name" text,"document" text,PRIMARY KEY ("tenant_id","subject"))
--;
CREATE INDEX IF NOT EXISTS "risk_undos_user" ON "risk_undos" ("user_id")
--;
CREATE TABLE "risk_incidents" ("id" varchar(36),"tenant_id" varchar(36),"kind" varchar(32),"state" varchar(16),"level" varchar(16),"name" text,"began_at" timestamptz,"last_at" timestamptz,"attempts" bigint,"accounts" bigint,"entered" bigint,"response" varchar(16),"until" timestamptz,"document" text,"updated_at" timestamptz,"simulated" boolean,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "risk_incidents_state" ON "risk_incidents" ("tenant_id","state","last_at")
--;
CREATE INDEX IF NOT EXISTS "risk_incidents_time" ON "risk_incidents" ("tenant_id","began_at")
--;
CREATE TABLE "risk_incident_sources" ("tenant_id" varchar(36),"source" varchar(64),"incident_id" varchar(36),"last_at" timestamptz,"attempts" bigint,PRIMARY KEY ("tenant_id","source","incident_id"))
--;
CREATE INDEX IF NOT EXISTS "risk_incident_sources_incident" ON "risk_incident_sources" ("incident_id")
--;
CREATE TABLE "risk_indicators" ("id" varchar(36),"tenant_id" varchar(36),"kind" varchar(16),"value" varchar(200),"level" varchar(16),"note" text,"expires_at" timestamptz,"created_at" timestamptz,"actor_name" text,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "risk_indicators_tenant" ON "risk_indicators" ("tenant_id","kind")
--;
CREATE TABLE "leaked_addresses" ("tenant_id" varchar(36),"hash" bytea,"import_id" varchar(36),"leaked_at" timestamptz,"source" text,"user_id" varchar(36),"pending" boolean,PRIMARY KEY ("tenant_id","hash","import_id"))
--;
CREATE INDEX IF NOT EXISTS "leaked_addresses_import" ON "leaked_addresses" ("import_id")
--;
CREATE INDEX IF NOT EXISTS "leaked_addresses_user" ON "leaked_addresses" ("tenant_id","user_id") WHERE user_id <> ''
--;
CREATE TABLE "leaked_imports" ("id" varchar(36),"tenant_id" varchar(36),"source" varchar(100),"state" varchar(16),"leaked_at" timestamptz,"created_at" timestamptz,"actor_id" varchar(36),"actor_name" text,"rows" bigint,"bad" bigint,"added" bigint,"people" bigint,"found" bigint,"problems" text,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "leaked_imports_tenant" ON "leaked_imports" ("tenant_id","created_at")
--;
CREATE TABLE "risk_mails" ("tenant_id" varchar(36),"user_id" varchar(36),"level" varchar(16),"told_at" timestamptz,PRIMARY KEY ("tenant_id","user_id"))
--;
CREATE TABLE "exports" ("id" varchar(36),"tenant_id" varchar(36),"name" text,"kind" varchar(16),"enabled" boolean,"settings" text,"secret" bytea,"secret_hint" varchar(16),"cursors" text,"sent" bigint,"sent_at" timestamptz,"failures" bigint,"last_error" text,"failed_at" timestamptz,"due_at" timestamptz,"owner" varchar(64),"until" timestamptz,"created_at" timestamptz,"modified_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE INDEX IF NOT EXISTS "exports_due" ON "exports" ("due_at") WHERE enabled
--;
CREATE INDEX IF NOT EXISTS "exports_tenant" ON "exports" ("tenant_id")
