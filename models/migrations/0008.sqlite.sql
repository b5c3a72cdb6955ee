ALTER TABLE `identities` ADD `called` text
--;
ALTER TABLE `identities` ADD `last_used_at` datetime
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
CREATE TABLE `extension_calls` (`id` text,`tenant_id` text,`at` datetime,`extension_id` text,`event` text,`code` integer,`trial` numeric,`sign_in_id` text,`user_id` text,`document` text,PRIMARY KEY (`id`))
--;
CREATE INDEX `extension_calls_person` ON `extension_calls`(`tenant_id`,`user_id`)
--;
CREATE INDEX `extension_calls_extension` ON `extension_calls`(`tenant_id`,`extension_id`,`id`)
--;
CREATE INDEX `extension_calls_at` ON `extension_calls`(`tenant_id`,`at`,`id`)
