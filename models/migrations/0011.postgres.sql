CREATE TABLE "style_sheets" ("tenant_id" varchar(36),"hash" varchar(64),"sheet" text,"used_at" timestamptz,"created_at" timestamptz,PRIMARY KEY ("tenant_id","hash"))
--;
ALTER TABLE "mail_senders" ADD "lost_at" timestamptz
