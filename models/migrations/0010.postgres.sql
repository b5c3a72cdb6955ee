ALTER TABLE "tenants" ADD "primary_host" varchar(253) NOT NULL DEFAULT ''
--;
ALTER TABLE "tenants" ADD "own_hosts_only" boolean NOT NULL DEFAULT false
--;
ALTER TABLE "openid_grants" ADD "host" varchar(253) NOT NULL DEFAULT ''
--;
ALTER TABLE "session_clients" ADD "host" varchar(253) NOT NULL DEFAULT ''
--;
CREATE TABLE "custom_domains" ("id" varchar(36),"tenant_id" varchar(36),"host" varchar(253),"answers" varchar(253),"token" varchar(64),"proven_at" timestamptz,"waived" boolean,"checked_at" timestamptz,"lost_at" timestamptz,"reached_at" timestamptz,"tried_at" timestamptz,"unreached" text,"created_at" timestamptz,PRIMARY KEY ("id"))
--;
CREATE UNIQUE INDEX IF NOT EXISTS "custom_domains_answers" ON "custom_domains" ("answers")
--;
CREATE UNIQUE INDEX IF NOT EXISTS "custom_domains_host" ON "custom_domains" ("tenant_id","host")
