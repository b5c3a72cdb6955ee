ALTER TABLE `users` ADD `risk_real` text
--;
CREATE INDEX `users_simulated` ON `users`(`tenant_id`) WHERE risk_real IS NOT NULL
--;
ALTER TABLE `openid_grants` ADD `provider` text DEFAULT ""
--;
CREATE INDEX `openid_grants_provider` ON `openid_grants`(`tenant_id`,`provider`) WHERE provider <> ''
--;
ALTER TABLE `sessions` ADD `provider` text DEFAULT ""
--;
ALTER TABLE `sessions` ADD `upstream` blob
--;
CREATE INDEX `sessions_provider` ON `sessions`(`tenant_id`,`provider`) WHERE provider <> ''
--;
ALTER TABLE `bulk_people` ADD `seen` text
--;
CREATE INDEX `risk_detections_made` ON `risk_detections`(`tenant_id`,`timing`,`activity`,`detected_at`)
--;
ALTER TABLE `risk_events` ADD `simulated` numeric NOT NULL DEFAULT false
--;
CREATE TABLE `identity_providers` (`id` text,`tenant_id` text,`kind` text,`name_norm` text,`enabled` numeric,`document` text,`secret` blob,`secret_hint` text,`secret_expires_at` datetime,`key` blob,`fetched_at` datetime,`fetch_error` text,`due_at` datetime,`created_at` datetime,`modified_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `providers_due` ON `identity_providers`(`due_at`) WHERE due_at IS NOT NULL
--;
CREATE UNIQUE INDEX `providers_name` ON `identity_providers`(`tenant_id`,`name_norm`)
--;
CREATE TABLE `provider_domains` (`id` text,`tenant_id` text,`provider_id` text,`domain` text,`token` text,`proven_at` datetime,`waived` numeric,`checked_at` datetime,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `provider_domains_provider` ON `provider_domains`(`tenant_id`,`provider_id`)
--;
CREATE UNIQUE INDEX `provider_domains_domain` ON `provider_domains`(`tenant_id`,`domain`)
--;
CREATE TABLE `parked_answers` (`id` text,`tenant_id` text,`provider_id` text,`form` blob,`expires_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `parked_answers_expiry` ON `parked_answers`(`expires_at`)
--;
CREATE INDEX `parked_answers_tenant` ON `parked_answers`(`tenant_id`)
--;
CREATE TABLE `used_assertions` (`id` text,`tenant_id` text,`expires_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `used_assertions_expiry` ON `used_assertions`(`expires_at`)
--;
CREATE INDEX `used_assertions_tenant` ON `used_assertions`(`tenant_id`)
--;
CREATE TABLE IF NOT EXISTS sign_in_types (
  tenant_id varchar(36) NOT NULL,
  type varchar(48) NOT NULL,
  created_at timestamptz NOT NULL,
  sign_in_id varchar(36) NOT NULL,
  PRIMARY KEY (tenant_id, type, created_at, sign_in_id)
) WITHOUT ROWID
--;
CREATE TRIGGER IF NOT EXISTS signins_types_insert AFTER INSERT ON sign_ins WHEN new.risk_types <> '' BEGIN
  INSERT OR IGNORE INTO sign_in_types (tenant_id, type, created_at, sign_in_id)
    SELECT new.tenant_id, value, new.created_at, new.id FROM json_each('[' || replace(json_quote(new.risk_types), ',', '","') || ']') WHERE value <> '';
END
--;
CREATE TRIGGER IF NOT EXISTS signins_types_update AFTER UPDATE OF risk_types ON sign_ins WHEN COALESCE(old.risk_types, '') <> COALESCE(new.risk_types, '') BEGIN
  DELETE FROM sign_in_types WHERE tenant_id = old.tenant_id AND type IN (SELECT value FROM json_each('[' || replace(json_quote(old.risk_types), ',', '","') || ']'))
    AND created_at = old.created_at AND sign_in_id = old.id;
  INSERT OR IGNORE INTO sign_in_types (tenant_id, type, created_at, sign_in_id)
    SELECT new.tenant_id, value, new.created_at, new.id FROM json_each('[' || replace(json_quote(new.risk_types), ',', '","') || ']') WHERE value <> '';
END
--;
CREATE TRIGGER IF NOT EXISTS signins_types_delete AFTER DELETE ON sign_ins WHEN old.risk_types <> '' BEGIN
  DELETE FROM sign_in_types WHERE tenant_id = old.tenant_id AND type IN (SELECT value FROM json_each('[' || replace(json_quote(old.risk_types), ',', '","') || ']'))
    AND created_at = old.created_at AND sign_in_id = old.id;
END
--;
INSERT OR IGNORE INTO sign_in_types (tenant_id, type, created_at, sign_in_id)
  SELECT s.tenant_id, k.value, s.created_at, s.id FROM sign_ins AS s, json_each('[' || replace(json_quote(s.risk_types), ',', '","') || ']') AS k WHERE s.risk_state <> '' AND s.risk_types <> '' AND k.value <> ''
