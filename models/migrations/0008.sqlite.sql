ALTER TABLE `users` ADD `mail_vouched` numeric
--;
ALTER TABLE `identities` ADD `called` text
--;
ALTER TABLE `identities` ADD `last_used_at` datetime
--;
CREATE TABLE `webhooks` (`id` text,`tenant_id` text,`name` text,`enabled` numeric,`settings` text,`secret` blob,`secret_hint` text,`former` blob,`former_until` datetime,`paused_for` text,`paused_at` datetime,`told` numeric,`failures` integer,`failing_since` datetime,`rest_until` datetime,`served_at` datetime,`delivered` integer,`delivered_at` datetime,`answered_at` datetime,`last_status` integer,`last_problem` text,`created_at` datetime,`modified_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `webhooks_tenant` ON `webhooks`(`tenant_id`)
--;
CREATE TABLE `webhook_deliveries` (`id` text,`tenant_id` text,`webhook_id` text,`event_id` text,`kind` text,`subject` text,`body` text,`state` text,`due_at` datetime,`owner` text,`attempts` integer,`status` integer,`took` integer,`reason` text,`answers` text,`created_at` datetime,`not_after` datetime,`ended_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `webhook_deliveries_held` ON `webhook_deliveries`(`webhook_id`) WHERE owner <> ''
--;
CREATE INDEX `webhook_deliveries_of` ON `webhook_deliveries`(`webhook_id`,`created_at`)
--;
CREATE INDEX `webhook_deliveries_due` ON `webhook_deliveries`(`webhook_id`,`due_at`) WHERE state = 'pending'
--;
CREATE INDEX `webhook_deliveries_dead` ON `webhook_deliveries`(`tenant_id`,`created_at`) WHERE state = 'dead'
--;
CREATE INDEX `webhook_deliveries_time` ON `webhook_deliveries`(`tenant_id`,`created_at`)
--;
CREATE INDEX `webhook_deliveries_subject` ON `webhook_deliveries`(`tenant_id`,`subject`)
--;
ALTER TABLE `provider_domains` ADD `lost_at` datetime
--;
CREATE TABLE `provider_trials` (`id` text,`tenant_id` text,`provider_id` text,`session_id` text,`state_hash` text,`stage` text,`body` blob,`created_at` datetime,`expires_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `provider_trials_expiry` ON `provider_trials`(`expires_at`)
--;
CREATE UNIQUE INDEX `provider_trials_state` ON `provider_trials`(`state_hash`)
--;
CREATE INDEX `provider_trials_tenant` ON `provider_trials`(`tenant_id`)
--;
CREATE TABLE `provider_states` (`provider_id` text,`tenant_id` text,`last_sign_in_at` datetime,`tested_at` datetime,`tested_as` text,`test_code` text,`test_reason` text,`published` text,PRIMARY KEY (`provider_id`))
--;
CREATE INDEX `provider_states_tenant` ON `provider_states`(`tenant_id`)
--;
CREATE TABLE `user_merges` (`tenant_id` text,`from_id` text,`user_id` text,`created_at` datetime,PRIMARY KEY (`tenant_id`,`from_id`))
--;
CREATE INDEX `user_merges_into` ON `user_merges`(`tenant_id`,`user_id`)
--;
CREATE TABLE `custom_extensions` (`id` text,`tenant_id` text,`event` text,`document` text,`secret` blob,`created_at` datetime,`modified_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `custom_extensions_tenant` ON `custom_extensions`(`tenant_id`)
--;
CREATE TABLE `event_listeners` (`id` text,`tenant_id` text,`extension_id` text,`event` text,`document` text,`created_at` datetime,`modified_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `event_listeners_extension` ON `event_listeners`(`tenant_id`,`extension_id`)
--;
CREATE TABLE `extension_calls` (`id` text,`tenant_id` text,`at` datetime,`extension_id` text,`event` text,`code` integer,`trial` numeric,`sign_in_id` text,`user_id` text,`correlation_id` text,`app_id` text,`document` text,PRIMARY KEY (`id`))
--;
CREATE INDEX `extension_calls_sign_in` ON `extension_calls`(`tenant_id`,`sign_in_id`)
--;
CREATE INDEX `extension_calls_correlation` ON `extension_calls`(`tenant_id`,`correlation_id`)
--;
CREATE INDEX `extension_calls_person` ON `extension_calls`(`tenant_id`,`user_id`)
--;
CREATE INDEX `extension_calls_extension` ON `extension_calls`(`tenant_id`,`extension_id`,`id`)
--;
CREATE INDEX `extension_calls_at` ON `extension_calls`(`tenant_id`,`at`,`id`)
