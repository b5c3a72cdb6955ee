ALTER TABLE `user_flows` ADD `draft` text
--;
ALTER TABLE `user_flows` ADD `draft_base` integer
--;
ALTER TABLE `user_flows` ADD `draft_revision` integer
--;
ALTER TABLE `user_flows` ADD `draft_actor` text
--;
ALTER TABLE `user_flows` ADD `draft_at` datetime
--;
CREATE TABLE `user_attributes` (`tenant_id` text,`id` text,`name_norm` text,`document` text,`created_at` datetime,`updated_at` datetime,PRIMARY KEY (`tenant_id`,`id`))
--;
CREATE UNIQUE INDEX `user_attributes_name` ON `user_attributes`(`tenant_id`,`name_norm`)
--;
CREATE TABLE `terms` (`id` text,`tenant_id` text,`name` text,`published` integer,`created_at` datetime,`updated_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `terms_tenant` ON `terms`(`tenant_id`)
--;
CREATE TABLE `terms_versions` (`terms_id` text,`version` integer,`tenant_id` text,`document` text,`created_at` datetime,`actor_name` text,PRIMARY KEY (`terms_id`,`version`))
--;
CREATE INDEX `terms_versions_tenant` ON `terms_versions`(`tenant_id`)
--;
CREATE TABLE `terms_acceptances` (`tenant_id` text,`user_id` text,`terms_id` text,`version` integer,`locale` text,`accepted_at` datetime,PRIMARY KEY (`tenant_id`,`user_id`,`terms_id`,`version`))
--;
CREATE INDEX `acceptances_terms` ON `terms_acceptances`(`tenant_id`,`terms_id`,`accepted_at`)
--;
CREATE TABLE `invitations` (`id` text,`tenant_id` text,`flow_id` text,`client_id` text,`email` text,`canonical` text,`name` text,`attributes` text,`redirect_uri` text,`locale` text,`message` text,`hash` blob,`sent_at` datetime,`sent_count` integer,`expires_at` datetime,`accepted_at` datetime,`accepted_by` text,`revoked_at` datetime,`created_at` datetime,`actor_name` text,PRIMARY KEY (`id`))
--;
CREATE UNIQUE INDEX `invitations_hash` ON `invitations`(`hash`)
--;
CREATE INDEX `invitations_address` ON `invitations`(`tenant_id`,`canonical`)
--;
CREATE INDEX `invitations_time` ON `invitations`(`tenant_id`,`created_at`)
--;
CREATE INDEX IF NOT EXISTS users_mail ON users (tenant_id, lower(mail))
--;
CREATE INDEX IF NOT EXISTS users_deleted ON users (tenant_id, deleted_at) WHERE deleted_at IS NOT NULL
--;
CREATE INDEX IF NOT EXISTS users_name_deleted ON users (tenant_id, name_norm) WHERE deleted_at IS NOT NULL
--;
CREATE INDEX IF NOT EXISTS users_name_disabled ON users (tenant_id, name_norm) WHERE NOT enabled
--;
CREATE TABLE IF NOT EXISTS user_search (
  num INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL,
  name_norm TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  enabled NUMERIC NOT NULL,
  deleted NUMERIC NOT NULL,
  search_norm TEXT NOT NULL
)
--;
CREATE VIRTUAL TABLE IF NOT EXISTS user_trigrams USING fts5 (search_norm, content='user_search', content_rowid='num', tokenize='trigram')
--;
CREATE TRIGGER IF NOT EXISTS users_search_insert AFTER INSERT ON users BEGIN
  INSERT INTO user_search (user_id, tenant_id, name_norm, created_at, enabled, deleted, search_norm)
    VALUES (new.id, new.tenant_id, new.name_norm, new.created_at, new.enabled, new.deleted_at IS NOT NULL, new.search_norm);
  INSERT INTO user_trigrams (rowid, search_norm) SELECT num, search_norm FROM user_search WHERE user_id = new.id;
END
--;
CREATE TRIGGER IF NOT EXISTS users_search_delete AFTER DELETE ON users BEGIN
  INSERT INTO user_trigrams (user_trigrams, rowid, search_norm) SELECT 'delete', num, search_norm FROM user_search WHERE user_id = old.id;
  DELETE FROM user_search WHERE user_id = old.id;
END
--;
CREATE TRIGGER IF NOT EXISTS users_search_state AFTER UPDATE OF name_norm, created_at, enabled, deleted_at ON users BEGIN
  UPDATE user_search SET name_norm = new.name_norm, created_at = new.created_at, enabled = new.enabled, deleted = new.deleted_at IS NOT NULL
    WHERE user_id = new.id;
END
--;
CREATE TRIGGER IF NOT EXISTS users_search_text AFTER UPDATE OF search_norm ON users WHEN old.search_norm <> new.search_norm BEGIN
  INSERT INTO user_trigrams (user_trigrams, rowid, search_norm) SELECT 'delete', num, search_norm FROM user_search WHERE user_id = old.id;
  UPDATE user_search SET search_norm = new.search_norm WHERE user_id = new.id;
  INSERT INTO user_trigrams (rowid, search_norm) SELECT num, search_norm FROM user_search WHERE user_id = new.id;
END
