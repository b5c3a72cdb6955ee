ALTER TABLE `users` ADD `risk_level` text
--;
ALTER TABLE `users` ADD `risk_state` text
--;
ALTER TABLE `users` ADD `risk_detail` text
--;
ALTER TABLE `users` ADD `risk_at` datetime
--;
CREATE INDEX `users_risk` ON `users`(`tenant_id`,`risk_at`,`id`) WHERE risk_at IS NOT NULL
--;
ALTER TABLE `sign_ins` ADD `decision` blob
--;
ALTER TABLE `openid_grants` ADD `methods` text
--;
ALTER TABLE `openid_grants` ADD `aaguids` text
--;
ALTER TABLE `openid_grants` ADD `contexts` text
--;
ALTER TABLE `openid_grants` ADD `mfa_time` datetime
--;
ALTER TABLE `sessions` ADD `methods` text
--;
ALTER TABLE `sessions` ADD `aaguids` text
--;
CREATE TABLE `conditional_access_policies` (`id` text,`tenant_id` text,`name` text,`state` text,`document` text,`created_at` datetime,`modified_at` datetime,`deleted_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `policies_tenant` ON `conditional_access_policies`(`tenant_id`,`created_at`)
--;
CREATE TABLE `named_locations` (`id` text,`tenant_id` text,`name` text,`document` text,`created_at` datetime,`modified_at` datetime,`deleted_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `locations_tenant` ON `named_locations`(`tenant_id`,`created_at`)
--;
CREATE TABLE `authentication_strengths` (`id` text,`tenant_id` text,`name` text,`document` text,`created_at` datetime,`modified_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `strengths_tenant` ON `authentication_strengths`(`tenant_id`,`created_at`)
--;
CREATE TABLE `authentication_contexts` (`tenant_id` text,`id` text,`name` text,`description` text,`available` numeric,`created_at` datetime,PRIMARY KEY (`tenant_id`,`id`))
--;
CREATE TABLE `remembered_devices` (`id` text,`tenant_id` text,`user_id` text,`hash` blob,`name` text,`methods` text,`mfa_time` datetime,`created_at` datetime,`last_used_at` datetime,`expires_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `remembered_devices_expiry` ON `remembered_devices`(`expires_at`)
--;
CREATE UNIQUE INDEX `remembered_devices_hash` ON `remembered_devices`(`hash`)
--;
CREATE INDEX `remembered_devices_user` ON `remembered_devices`(`tenant_id`,`user_id`)
--;
CREATE TABLE `policy_effects` (`tenant_id` text,`policy_id` text,`day` text,`client_id` text,`result` text,`count` integer,PRIMARY KEY (`tenant_id`,`policy_id`,`day`,`client_id`,`result`))
--;
CREATE TABLE `policy_effect_cursors` (`tenant_id` text,`at` datetime,`id` text,PRIMARY KEY (`tenant_id`))
--;
CREATE TABLE `policy_replays` (`id` text,`tenant_id` text,`admin_id` text,`state` text,`draft` text,`report` text,`done` integer,`total` integer,`created_at` datetime,`finished_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `policy_replays_time` ON `policy_replays`(`tenant_id`,`created_at`)
--;
CREATE TABLE `text_days` (`tenant_id` text,`day` text,`code` text,`sent` integer,`refused` integer,`told` integer,PRIMARY KEY (`tenant_id`,`day`,`code`))
--;
UPDATE users SET risk_level = '', risk_state = '', risk_detail = ''
--;
UPDATE sessions SET methods = '', aaguids = ''
--;
UPDATE openid_grants SET methods = '', aaguids = '', contexts = ''
