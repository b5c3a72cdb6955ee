ALTER TABLE `users` ADD `risk_real` text
--;
CREATE INDEX `users_simulated` ON `users`(`tenant_id`) WHERE risk_real IS NOT NULL
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
