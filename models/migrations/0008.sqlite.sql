ALTER TABLE `identities` ADD `called` text
--;
ALTER TABLE `identities` ADD `last_used_at` datetime
