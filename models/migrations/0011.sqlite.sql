CREATE TABLE `style_sheets` (`tenant_id` text,`hash` text,`sheet` text,`used_at` datetime,`created_at` datetime,PRIMARY KEY (`tenant_id`,`hash`))
--;
ALTER TABLE `mail_senders` ADD `lost_at` datetime
