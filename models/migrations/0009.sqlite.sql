CREATE INDEX `webhook_deliveries_late` ON `webhook_deliveries`(`tenant_id`,`not_after`) WHERE state = 'pending'
--;
CREATE TABLE `brandings` (`tenant_id` text,`id` text,`name` text,`draft` text,`draft_at` datetime,`draft_actor` text,`revision` integer,`published` text,`version` integer,`created_at` datetime,`updated_at` datetime,PRIMARY KEY (`tenant_id`,`id`))
--;
CREATE TABLE `branding_versions` (`tenant_id` text,`branding_id` text,`version` integer,`document` text,`note` text,`created_at` datetime,`actor_name` text,PRIMARY KEY (`tenant_id`,`branding_id`,`version`))
--;
CREATE TABLE `branding_apps` (`tenant_id` text,`app_id` text,`branding_id` text,PRIMARY KEY (`tenant_id`,`app_id`))
--;
CREATE TABLE `pictures` (`tenant_id` text,`hash` text,`media` text,`width` integer,`height` integer,`bytes` integer,`smaller` text,`data` blob,`unused_at` datetime,`created_at` datetime,PRIMARY KEY (`tenant_id`,`hash`))
--;
CREATE TABLE `mail_senders` (`tenant_id` text,`domain` text,`token` text,`proven_at` datetime,`checked_at` datetime,`server` text,`secret` blob,PRIMARY KEY (`tenant_id`))
--;
ALTER TABLE `extension_calls` ADD `person_key` text
--;
CREATE INDEX `extension_calls_about` ON `extension_calls`(`tenant_id`,`person_key`)
--;
INSERT INTO brandings (tenant_id, id, name, draft, draft_actor, revision, published, version, created_at, updated_at)
  SELECT id, 'company', '', '', '', 1, json_object('languages', json_object('', json(json_extract(settings, '$.theme')))), 1, created_at, created_at
    FROM tenants WHERE json_valid(settings) AND json_type(settings, '$.theme') = 'object' AND NOT EXISTS (SELECT 1 FROM brandings WHERE tenant_id = tenants.id)
--;
INSERT INTO branding_versions (tenant_id, branding_id, version, document, note, created_at, actor_name)
  SELECT tenant_id, id, 1, published, '', created_at, '' FROM brandings WHERE version = 1 AND NOT EXISTS (SELECT 1 FROM branding_versions AS v WHERE v.tenant_id = brandings.tenant_id)
