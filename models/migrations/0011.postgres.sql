CREATE TABLE "style_sheets" ("tenant_id" varchar(36),"hash" varchar(64),"sheet" text,"used_at" timestamptz,"created_at" timestamptz,PRIMARY KEY ("tenant_id","hash"))
--;
ALTER TABLE "mail_senders" ADD "lost_at" timestamptz
--;
CREATE TABLE "activity_events" ("tenant_id" varchar(36),"day" bigint,"key" varchar(40),"event" text,"folded_at" timestamptz,PRIMARY KEY ("tenant_id","day","key"))
--;
CREATE INDEX IF NOT EXISTS "activity_events_folded" ON "activity_events" ("folded_at") WHERE folded_at IS NOT NULL
--;
CREATE INDEX IF NOT EXISTS "activity_events_waiting" ON "activity_events" ("tenant_id","day") WHERE folded_at IS NULL
--;
CREATE TABLE "activity_rolls" ("tenant_id" varchar(36),"view" bigint,"span" varchar(8),"day" bigint,"app_id" varchar(36),"body" bytea,PRIMARY KEY ("tenant_id","view","span","day","app_id"))
--;
CREATE TABLE "activity_people" ("tenant_id" varchar(36),"user_id" varchar(36),"number" bigint,PRIMARY KEY ("tenant_id","user_id"))
--;
CREATE TABLE "activity_states" ("tenant_id" varchar(36),"next" bigint,"due" bigint,"log_from" timestamptz,PRIMARY KEY ("tenant_id"))
