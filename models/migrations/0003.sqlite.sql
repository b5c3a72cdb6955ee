ALTER TABLE `tenants` ADD `trial_ends_at` datetime
--;
ALTER TABLE `tenants` ADD `deleted_at` datetime
--;
ALTER TABLE `users` ADD `self_deleted` numeric
--;
ALTER TABLE `users` ADD `emergency` numeric
--;
CREATE INDEX `users_updated` ON `users`(`tenant_id`,`updated_at`)
--;
CREATE TABLE `groups` (`id` text,`tenant_id` text,`name` text,`name_norm` text,`description` text,`mail_nickname` text,`rule` text,`rule_paused` numeric,`version` integer,`created_at` datetime,`updated_at` datetime,PRIMARY KEY (`id`))
--;
CREATE UNIQUE INDEX `groups_name` ON `groups`(`tenant_id`,`name_norm`)
--;
CREATE TABLE `group_members` (`tenant_id` text,`group_id` text,`member_id` text,`kind` text,`by_rule` numeric,`created_at` datetime,PRIMARY KEY (`tenant_id`,`group_id`,`member_id`))
--;
CREATE INDEX `group_members_nested` ON `group_members`(`tenant_id`,`group_id`,`member_id`) WHERE kind = 'group'
--;
CREATE INDEX `group_members_time` ON `group_members`(`tenant_id`,`group_id`,`created_at`,`member_id`)
--;
CREATE INDEX `group_members_of` ON `group_members`(`tenant_id`,`member_id`,`group_id`)
--;
CREATE TABLE `app_role_assignments` (`id` text,`tenant_id` text,`principal_id` text,`principal_kind` text,`application_id` text,`role_id` text,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `app_role_assignments_app` ON `app_role_assignments`(`tenant_id`,`application_id`,`created_at`)
--;
CREATE UNIQUE INDEX `app_role_assignments_once` ON `app_role_assignments`(`tenant_id`,`principal_id`,`application_id`,`role_id`)
--;
CREATE TABLE `pending_changes` (`id` text,`tenant_id` text,`user_id` text,`kind` text,`state` blob,`created_at` datetime,`expires_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `pending_changes_expiry` ON `pending_changes`(`expires_at`)
--;
CREATE UNIQUE INDEX `pending_changes_once` ON `pending_changes`(`tenant_id`,`user_id`,`kind`)
--;
CREATE TABLE `sign_in_reports` (`tenant_id` text,`sign_in_id` text,`user_id` text,`created_at` datetime,PRIMARY KEY (`tenant_id`,`sign_in_id`))
--;
CREATE INDEX `sign_in_reports_user` ON `sign_in_reports`(`tenant_id`,`user_id`)
--;
CREATE TABLE `imports` (`id` text,`tenant_id` text,`file_name` text,`format` text,`options` text,`dry_run` numeric,`state` text,`bytes` integer,`chunks` integer,`cursor` integer,`rows` integer,`created` integer,`updated` integer,`unchanged` integer,`refused` integer,`problem` text,`actor_kind` text,`actor_id` text,`actor_name` text,`created_at` datetime,`started_at` datetime,`finished_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `imports_time` ON `imports`(`tenant_id`,`created_at`)
--;
CREATE TABLE `import_chunks` (`import_id` text,`number` integer,`tenant_id` text,`body` blob,PRIMARY KEY (`import_id`,`number`))
--;
CREATE INDEX `import_chunks_tenant` ON `import_chunks`(`tenant_id`)
--;
CREATE TABLE `import_complaints` (`import_id` text,`record` integer,`number` integer,`tenant_id` text,`line` integer,`who` text,`field` text,`key` text,`args` text,`refused` numeric,PRIMARY KEY (`import_id`,`record`,`number`))
--;
CREATE INDEX `import_complaints_tenant` ON `import_complaints`(`tenant_id`)
--;
CREATE TABLE `saved_views` (`id` text,`tenant_id` text,`list` text,`name` text,`query` text,`owner_id` text,`shared` numeric,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `saved_views_list` ON `saved_views`(`tenant_id`,`list`)
--;
CREATE TABLE `expiry_notices` (`tenant_id` text,`credential_id` text,`days` integer,`created_at` datetime,PRIMARY KEY (`tenant_id`,`credential_id`,`days`))
--;
CREATE TABLE `caller_checks` (`id` text,`tenant_id` text,`user_id` text,`admin_id` text,`channel` text,`sent_to` text,`verified_at` datetime,`created_at` datetime,`expires_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `caller_checks_expiry` ON `caller_checks`(`expires_at`)
--;
CREATE INDEX `caller_checks_user` ON `caller_checks`(`tenant_id`,`user_id`)
--;
UPDATE users SET self_deleted = false, emergency = false
