CREATE TABLE `style_sheets` (`tenant_id` text,`hash` text,`sheet` text,`used_at` datetime,`created_at` datetime,PRIMARY KEY (`tenant_id`,`hash`))
--;
ALTER TABLE `mail_senders` ADD `lost_at` datetime
--;
CREATE TABLE `activity_events` (`tenant_id` text,`day` integer,`key` text,`event` text,`folded_at` datetime,PRIMARY KEY (`tenant_id`,`day`,`key`))
--;
CREATE INDEX `activity_events_folded` ON `activity_events`(`folded_at`) WHERE folded_at IS NOT NULL
--;
CREATE INDEX `activity_events_waiting` ON `activity_events`(`tenant_id`,`day`) WHERE folded_at IS NULL
--;
CREATE TABLE `activity_rolls` (`tenant_id` text,`view` integer,`span` text,`day` integer,`app_id` text,`body` blob,PRIMARY KEY (`tenant_id`,`view`,`span`,`day`,`app_id`))
--;
CREATE TABLE `activity_people` (`tenant_id` text,`user_id` text,`number` integer,PRIMARY KEY (`tenant_id`,`user_id`))
--;
CREATE TABLE `activity_states` (`tenant_id` text,`next` integer,`due` integer,`log_from` datetime,PRIMARY KEY (`tenant_id`))
