ALTER TABLE `tenants` ADD `primary_host` text NOT NULL DEFAULT ""
--;
ALTER TABLE `tenants` ADD `own_hosts_only` numeric NOT NULL DEFAULT false
--;
ALTER TABLE `openid_grants` ADD `host` text NOT NULL DEFAULT ""
--;
ALTER TABLE `session_clients` ADD `host` text NOT NULL DEFAULT ""
--;
CREATE TABLE `custom_domains` (`id` text,`tenant_id` text,`host` text,`answers` text,`token` text,`proven_at` datetime,`waived` numeric,`checked_at` datetime,`lost_at` datetime,`reached_at` datetime,`tried_at` datetime,`unreached` text,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE UNIQUE INDEX `custom_domains_answers` ON `custom_domains`(`answers`)
--;
CREATE UNIQUE INDEX `custom_domains_host` ON `custom_domains`(`tenant_id`,`host`)
