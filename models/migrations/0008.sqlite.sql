ALTER TABLE `identities` ADD `called` text
--;
ALTER TABLE `identities` ADD `last_used_at` datetime
--;
CREATE TABLE `user_merges` (`tenant_id` text,`from_id` text,`user_id` text,`created_at` datetime,PRIMARY KEY (`tenant_id`,`from_id`))
--;
CREATE INDEX `user_merges_into` ON `user_merges`(`tenant_id`,`user_id`)
