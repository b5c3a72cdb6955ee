ALTER TABLE `user_flows` ADD `draft` text
--;
ALTER TABLE `user_flows` ADD `draft_base` integer
--;
ALTER TABLE `user_flows` ADD `draft_revision` integer
--;
ALTER TABLE `user_flows` ADD `draft_actor` text
--;
ALTER TABLE `user_flows` ADD `draft_at` datetime
--;
UPDATE user_flows SET draft = '', draft_base = 0, draft_revision = 0, draft_actor = ''
--;
CREATE TABLE `user_attributes` (`tenant_id` text,`id` text,`name_norm` text,`document` text,`created_at` datetime,`updated_at` datetime,PRIMARY KEY (`tenant_id`,`id`))
--;
CREATE UNIQUE INDEX `user_attributes_name` ON `user_attributes`(`tenant_id`,`name_norm`)
--;
CREATE TABLE `terms` (`id` text,`tenant_id` text,`name` text,`published` integer,`created_at` datetime,`updated_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `terms_tenant` ON `terms`(`tenant_id`)
--;
CREATE TABLE `terms_versions` (`terms_id` text,`version` integer,`tenant_id` text,`document` text,`created_at` datetime,`actor_name` text,PRIMARY KEY (`terms_id`,`version`))
--;
CREATE INDEX `terms_versions_tenant` ON `terms_versions`(`tenant_id`)
--;
CREATE TABLE `terms_acceptances` (`tenant_id` text,`user_id` text,`terms_id` text,`version` integer,`locale` text,`accepted_at` datetime,PRIMARY KEY (`tenant_id`,`user_id`,`terms_id`,`version`))
--;
CREATE INDEX `acceptances_terms` ON `terms_acceptances`(`tenant_id`,`terms_id`,`accepted_at`)
--;
CREATE TABLE `invitations` (`id` text,`tenant_id` text,`flow_id` text,`client_id` text,`email` text,`canonical` text,`name` text,`attributes` text,`redirect_uri` text,`locale` text,`message` text,`hash` blob,`sent_at` datetime,`sent_count` integer,`expires_at` datetime,`accepted_at` datetime,`accepted_by` text,`revoked_at` datetime,`created_at` datetime,`actor_name` text,PRIMARY KEY (`id`))
--;
CREATE UNIQUE INDEX `invitations_hash` ON `invitations`(`hash`)
--;
CREATE INDEX `invitations_address` ON `invitations`(`tenant_id`,`canonical`)
--;
CREATE INDEX `invitations_time` ON `invitations`(`tenant_id`,`created_at`)
--;
CREATE TABLE `claims_policies` (`tenant_id` text,`id` text,`document` text,`created_at` datetime,`updated_at` datetime,PRIMARY KEY (`tenant_id`,`id`))
--;
INSERT INTO user_attributes (tenant_id, id, name_norm, document, created_at, updated_at)
  SELECT tenant_id, id, lower(name), json_object('id', id, 'name', name, 'dataType', kind), created_at, created_at FROM (
    SELECT v.tenant_id, json_extract(a.value, '$.id') AS id, substr(json_extract(a.value, '$.id'), 11) AS name,
      CASE json_extract(a.value, '$.dataType') WHEN 'boolean' THEN 'boolean' WHEN 'int64' THEN 'int64' ELSE 'string' END AS kind, v.created_at,
      row_number() OVER (PARTITION BY v.tenant_id, lower(json_extract(a.value, '$.id')) ORDER BY v.created_at DESC) AS n
    FROM user_flow_versions AS v, json_each(v.document, '$.attributes') AS a
    WHERE a.type = 'object' AND substr(json_extract(a.value, '$.id'), 1, 10) = 'extension_') AS named WHERE n = 1
