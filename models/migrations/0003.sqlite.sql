ALTER TABLE `tenants` ADD `trial_ends_at` datetime
--;
ALTER TABLE `tenants` ADD `deleted_at` datetime
--;
ALTER TABLE `users` ADD `self_deleted` numeric
--;
ALTER TABLE `users` ADD `emergency` numeric
--;
CREATE INDEX `users_last` ON `users`(`tenant_id`,`last_sign_in_at`,`id`)
--;
CREATE INDEX `users_updated` ON `users`(`tenant_id`,`updated_at`)
--;
CREATE INDEX `invitations_person` ON `invitations`(`tenant_id`,`accepted_by`)
--;
ALTER TABLE `audit_blocks` ADD `content` text
--;
CREATE TABLE `groups` (`id` text,`tenant_id` text,`name` text,`name_norm` text,`description` text,`mail_nickname` text,`rule` text,`rule_paused` numeric,`rule_due` numeric,`rule_cursor` text,`rule_at` datetime,`version` integer,`created_at` datetime,`updated_at` datetime,PRIMARY KEY (`id`))
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
CREATE TABLE `imports` (`id` text,`tenant_id` text,`file_name` text,`format` text,`options` blob,`dry_run` numeric,`state` text,`bytes` integer,`hash` text,`chunks` integer,`cursor` integer,`rows` integer,`created` integer,`updated` integer,`unchanged` integer,`refused` integer,`warned` integer,`complaints` integer,`problem` text,`actor_kind` text,`actor_id` text,`actor_name` text,`actor_ip` text,`owner` text,`lease_until` datetime,`created_at` datetime,`started_at` datetime,`finished_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `imports_state` ON `imports`(`state`)
--;
CREATE INDEX `imports_time` ON `imports`(`tenant_id`,`created_at`)
--;
CREATE TABLE `import_chunks` (`id` text,`import_id` text,`tenant_id` text,`body` blob,PRIMARY KEY (`id`))
--;
CREATE INDEX `import_chunks_tenant` ON `import_chunks`(`tenant_id`)
--;
CREATE INDEX `import_chunks_import` ON `import_chunks`(`import_id`)
--;
CREATE TABLE `import_complaints` (`import_id` text,`record` integer,`number` integer,`tenant_id` text,`line` integer,`who` text,`field` text,`key` text,`args` text,`refused` numeric,PRIMARY KEY (`import_id`,`record`,`number`))
--;
CREATE INDEX `import_complaints_tenant` ON `import_complaints`(`tenant_id`)
--;
CREATE TABLE `bulk_changes` (`id` text,`tenant_id` text,`action` text,`group_id` text,`group_name` text,`query` text,`filter` text,`position` text,`state` text,`people` integer,`planned` integer,`next` integer,`done` integer,`skipped` integer,`failed` integer,`problem` text,`actor_kind` text,`actor_id` text,`actor_name` text,`actor_ip` text,`created_at` datetime,`confirmed_at` datetime,`finished_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `bulk_changes_state` ON `bulk_changes`(`state`)
--;
CREATE INDEX `bulk_changes_time` ON `bulk_changes`(`tenant_id`,`created_at`)
--;
CREATE TABLE `bulk_people` (`bulk_id` text,`number` integer,`tenant_id` text,`person_id` text,`reason` text,`result` text,PRIMARY KEY (`bulk_id`,`number`))
--;
CREATE INDEX `bulk_people_tenant` ON `bulk_people`(`tenant_id`)
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
CREATE TABLE `emergency_uses` (`id` text,`tenant_id` text,`user_id` text,`noted_by` text,`noted_at` datetime,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `emergency_uses_time` ON `emergency_uses`(`tenant_id`,`created_at`)
--;
UPDATE users SET self_deleted = false, emergency = false
--;
CREATE INDEX IF NOT EXISTS users_leaving ON users (tenant_id, deleted_at) WHERE self_deleted
--;
CREATE INDEX IF NOT EXISTS users_must_change ON users (tenant_id, name_norm) WHERE must_change_password
--;
UPDATE role_assignments SET role_id = '0f971eea-41eb-4569-a71e-57bb8a3eff1e' WHERE role_id = '0526716b-113d-4c15-b2c8-68e3c22b9f80'
--;
INSERT INTO role_assignments (id, tenant_id, user_id, role_id, target_tenant, created_at)
SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
  tenant_id, user_id, '1f865ad0-c375-4800-9313-b066950dd9ad', '*', created_at FROM role_assignments
WHERE role_id = '62e90394-69f5-4237-9190-012177145e10' AND target_tenant = '*'
--;
CREATE TABLE IF NOT EXISTS attribute_values (
  tenant_id varchar(36) NOT NULL,
  attribute_id varchar(128) NOT NULL,
  value varchar(128) NOT NULL,
  user_id varchar(36) NOT NULL,
  PRIMARY KEY (tenant_id, attribute_id, value, user_id)
)
--;
CREATE INDEX IF NOT EXISTS attribute_values_owner ON attribute_values (user_id)
--;
CREATE TRIGGER IF NOT EXISTS users_values_insert AFTER INSERT ON users WHEN new.attributes LIKE '%extension\_%' ESCAPE '\' BEGIN
  INSERT OR IGNORE INTO attribute_values (tenant_id, attribute_id, value, user_id)
    SELECT new.tenant_id, key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE substr(CAST(value AS TEXT), 1, 128) END, new.id
      FROM json_each(new.attributes) WHERE key LIKE 'extension\_%' ESCAPE '\' AND type <> 'null';
END
--;
CREATE TRIGGER IF NOT EXISTS users_values_update AFTER UPDATE OF attributes ON users WHEN old.attributes <> new.attributes BEGIN
  DELETE FROM attribute_values WHERE user_id = new.id;
  INSERT OR IGNORE INTO attribute_values (tenant_id, attribute_id, value, user_id)
    SELECT new.tenant_id, key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE substr(CAST(value AS TEXT), 1, 128) END, new.id
      FROM json_each(new.attributes) WHERE key LIKE 'extension\_%' ESCAPE '\' AND type <> 'null';
END
--;
CREATE TRIGGER IF NOT EXISTS users_values_delete AFTER DELETE ON users BEGIN
  DELETE FROM attribute_values WHERE user_id = old.id;
END
--;
INSERT OR IGNORE INTO attribute_values (tenant_id, attribute_id, value, user_id)
  SELECT u.tenant_id, j.key, CASE j.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE substr(CAST(j.value AS TEXT), 1, 128) END, u.id
    FROM users AS u, json_each(u.attributes) AS j WHERE u.attributes LIKE '%extension\_%' ESCAPE '\' AND j.key LIKE 'extension\_%' ESCAPE '\' AND j.type <> 'null'
