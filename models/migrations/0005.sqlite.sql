CREATE INDEX `users_risk_level` ON `users`(`tenant_id`,`risk_level`,`risk_at`) WHERE risk_level <> '' AND risk_level <> 'none' AND deleted_at IS NULL
--;
ALTER TABLE `sign_ins` ADD `risk_aggregate` text DEFAULT ""
--;
ALTER TABLE `sign_ins` ADD `risk_state` text DEFAULT ""
--;
ALTER TABLE `sign_ins` ADD `risk_detail` text DEFAULT ""
--;
ALTER TABLE `sign_ins` ADD `risk_types` text DEFAULT ""
--;
CREATE INDEX `signins_risk` ON `sign_ins`(`tenant_id`,`created_at`,`risk_state`,`risk_aggregate`) WHERE risk_state <> ''
--;
CREATE INDEX `signins_user_risk` ON `sign_ins`(`tenant_id`,`user_id`,`created_at`) WHERE risk_state <> ''
--;
CREATE INDEX `signins_risk_state` ON `sign_ins`(`tenant_id`,`risk_state`,`created_at`,`risk_aggregate`) WHERE risk_state <> ''
--;
CREATE INDEX `signins_risk_aggregate` ON `sign_ins`(`tenant_id`,`risk_aggregate`,`created_at`) WHERE risk_state <> ''
--;
ALTER TABLE `openid_grants` ADD `renewed_from` text
--;
CREATE TABLE `sign_in_questions` (`id` text,`tenant_id` text,`user_id` text,`day` text,`device` text,`sign_in_id` text,`hash` blob,`familiar` text,`document` text,`answer` text,`answered_at` datetime,`created_at` datetime,`expires_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `sign_in_questions_expiry` ON `sign_in_questions`(`expires_at`)
--;
CREATE UNIQUE INDEX `sign_in_questions_hash` ON `sign_in_questions`(`hash`)
--;
CREATE UNIQUE INDEX `sign_in_questions_once` ON `sign_in_questions`(`tenant_id`,`user_id`,`day`,`device`)
--;
CREATE TABLE `risk_people` (`tenant_id` text,`user_id` text,`body` blob,`updated_at` datetime,PRIMARY KEY (`tenant_id`,`user_id`))
--;
CREATE TABLE `risk_counts` (`tenant_id` text,`feature` text,`value` text,`n` real,`at` datetime,PRIMARY KEY (`tenant_id`,`feature`,`value`))
--;
CREATE TABLE `risk_sources` (`tenant_id` text,`source` text,`hour` text,`asn` integer,`network` text,`country` text,`agent` text,`attempts` integer,`failures` integer,`successes` integer,`sign_ups` integer,`accounts` blob,`strangers` blob,`updated_at` datetime,PRIMARY KEY (`tenant_id`,`source`,`hour`))
--;
CREATE INDEX `risk_sources_hour` ON `risk_sources`(`tenant_id`,`hour`)
--;
CREATE TABLE `risk_cursors` (`tenant_id` text,`reader` text,`at` datetime,`id` text,PRIMARY KEY (`tenant_id`,`reader`))
--;
CREATE TABLE `risk_days` (`tenant_id` text,`day` text,`kind` text,`value` text,`count` integer,PRIMARY KEY (`tenant_id`,`day`,`kind`,`value`))
--;
CREATE TABLE `risk_detections` (`id` text,`tenant_id` text,`detected_at` datetime,`activity_at` datetime,`updated_at` datetime,`user_id` text,`user_name` text,`address` text,`sign_in_id` text,`correlation_id` text,`type` text,`level` text,`state` text,`detail` text,`timing` text,`activity` text,`ip` text,`country` text,`region` text,`city` text,`latitude` real,`longitude` real,`network` text,`browser` text,`os` text,`user_agent` text,`client_id` text,`client_name` text,`key` text,`evidence` text,`incident_id` text,`simulated` numeric,`count` integer,PRIMARY KEY (`id`))
--;
CREATE INDEX `risk_detections_app` ON `risk_detections`(`tenant_id`,`client_id`,`detected_at`)
--;
CREATE INDEX `risk_detections_detail` ON `risk_detections`(`tenant_id`,`detail`,`detected_at`)
--;
CREATE INDEX `risk_detections_incident` ON `risk_detections`(`tenant_id`,`incident_id`) WHERE incident_id <> ''
--;
CREATE INDEX `risk_detections_country` ON `risk_detections`(`tenant_id`,`country`,`detected_at`)
--;
CREATE INDEX `risk_detections_ip` ON `risk_detections`(`tenant_id`,`ip`,`detected_at`)
--;
CREATE INDEX `risk_detections_updated` ON `risk_detections`(`tenant_id`,`updated_at`)
--;
CREATE INDEX `risk_detections_type` ON `risk_detections`(`tenant_id`,`type`,`detected_at`)
--;
CREATE INDEX `risk_detections_state` ON `risk_detections`(`tenant_id`,`state`,`level`,`detected_at`)
--;
CREATE INDEX `risk_detections_sign_in` ON `risk_detections`(`tenant_id`,`sign_in_id`)
--;
CREATE INDEX `risk_detections_user` ON `risk_detections`(`tenant_id`,`user_id`,`detected_at`)
--;
CREATE INDEX `risk_detections_time` ON `risk_detections`(`tenant_id`,`detected_at`,`timing`,`activity`,`simulated`)
--;
CREATE TABLE `risk_events` (`id` text,`tenant_id` text,`user_id` text,`at` datetime,`level` text,`state` text,`detail` text,`types` text,`actor_id` text,`actor_name` text,PRIMARY KEY (`id`))
--;
CREATE INDEX `risk_events_time` ON `risk_events`(`tenant_id`,`at`)
--;
CREATE INDEX `risk_events_user` ON `risk_events`(`tenant_id`,`user_id`,`at`)
--;
CREATE TABLE `risk_undos` (`tenant_id` text,`subject` text,`user_id` text,`action` text,`at` datetime,`actor_id` text,`actor_name` text,`document` text,PRIMARY KEY (`tenant_id`,`subject`))
--;
CREATE INDEX `risk_undos_user` ON `risk_undos`(`user_id`)
--;
CREATE TABLE `risk_incidents` (`id` text,`tenant_id` text,`kind` text,`state` text,`level` text,`name` text,`began_at` datetime,`last_at` datetime,`attempts` integer,`accounts` integer,`entered` integer,`response` text,`until` datetime,`document` text,`updated_at` datetime,`simulated` numeric,PRIMARY KEY (`id`))
--;
CREATE INDEX `risk_incidents_state` ON `risk_incidents`(`tenant_id`,`state`,`last_at`)
--;
CREATE INDEX `risk_incidents_time` ON `risk_incidents`(`tenant_id`,`began_at`)
--;
CREATE TABLE `risk_incident_sources` (`tenant_id` text,`source` text,`incident_id` text,`last_at` datetime,`attempts` integer,PRIMARY KEY (`tenant_id`,`source`,`incident_id`))
--;
CREATE INDEX `risk_incident_sources_incident` ON `risk_incident_sources`(`incident_id`)
--;
CREATE TABLE `risk_indicators` (`id` text,`tenant_id` text,`kind` text,`value` text,`level` text,`note` text,`expires_at` datetime,`created_at` datetime,`actor_name` text,PRIMARY KEY (`id`))
--;
CREATE INDEX `risk_indicators_tenant` ON `risk_indicators`(`tenant_id`,`kind`)
--;
CREATE TABLE `leaked_addresses` (`tenant_id` text,`hash` blob,`import_id` text,`leaked_at` datetime,`source` text,`user_id` text,`pending` numeric,PRIMARY KEY (`tenant_id`,`hash`,`import_id`))
--;
CREATE INDEX `leaked_addresses_import` ON `leaked_addresses`(`import_id`)
--;
CREATE INDEX `leaked_addresses_user` ON `leaked_addresses`(`tenant_id`,`user_id`) WHERE user_id <> ''
--;
CREATE TABLE `leaked_imports` (`id` text,`tenant_id` text,`source` text,`state` text,`leaked_at` datetime,`created_at` datetime,`actor_id` text,`actor_name` text,`rows` integer,`bad` integer,`added` integer,`people` integer,`found` integer,`problems` text,PRIMARY KEY (`id`))
--;
CREATE INDEX `leaked_imports_tenant` ON `leaked_imports`(`tenant_id`,`created_at`)
--;
CREATE TABLE `risk_mails` (`tenant_id` text,`user_id` text,`level` text,`told_at` datetime,PRIMARY KEY (`tenant_id`,`user_id`))
--;
CREATE TABLE `exports` (`id` text,`tenant_id` text,`name` text,`kind` text,`enabled` numeric,`settings` text,`secret` blob,`secret_hint` text,`cursors` text,`sent` integer,`sent_at` datetime,`failures` integer,`last_error` text,`failed_at` datetime,`due_at` datetime,`owner` text,`until` datetime,`created_at` datetime,`modified_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `exports_due` ON `exports`(`due_at`) WHERE enabled
--;
CREATE INDEX `exports_tenant` ON `exports`(`tenant_id`)
