CREATE TABLE `tenants` (`id` text,`slug` text,`name` text,`kind` text,`plan` text,`disabled` numeric,`default_locale` text,`settings` text,`version` integer,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE UNIQUE INDEX `tenants_slug` ON `tenants`(`slug`)
--;
CREATE TABLE `users` (`id` text,`tenant_id` text,`display_name` text,`given_name` text,`surname` text,`mail` text,`mail_verified` numeric,`job_title` text,`street_address` text,`city` text,`state` text,`postal_code` text,`country` text,`mobile_phone` text,`preferred_language` text,`attributes` text,`name_norm` text,`search_norm` text,`first_factor` text,`creation_type` text,`enabled` numeric,`must_change_password` numeric,`sessions_valid_from` datetime,`last_sign_in_at` datetime,`created_at` datetime,`updated_at` datetime,`deleted_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `users_name` ON `users`(`tenant_id`,`name_norm`)
--;
CREATE INDEX `users_created` ON `users`(`tenant_id`,`created_at`)
--;
CREATE TABLE `identities` (`id` text,`tenant_id` text,`user_id` text,`sign_in_type` text,`issuer` text,`canonical` text,`value` text,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `identities_user` ON `identities`(`tenant_id`,`user_id`)
--;
CREATE UNIQUE INDEX `identities_way` ON `identities`(`tenant_id`,`sign_in_type`,`issuer`,`canonical`)
--;
CREATE TABLE `credentials` (`id` text,`tenant_id` text,`user_id` text,`kind` text,`name` text,`lookup_key` text,`secret` blob,`data` text,`counter` integer,`created_at` datetime,`last_used_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `credentials_lookup` ON `credentials`(`lookup_key`)
--;
CREATE INDEX `credentials_user` ON `credentials`(`tenant_id`,`user_id`)
--;
CREATE TABLE `applications` (`id` text,`tenant_id` text,`client_id` text,`service_principal_id` text,`name` text,`name_norm` text,`kind` text,`enabled` numeric,`spec` text,`first_request_at` datetime,`created_at` datetime,`updated_at` datetime,`deleted_at` datetime,PRIMARY KEY (`id`))
--;
CREATE UNIQUE INDEX `applications_sp` ON `applications`(`service_principal_id`)
--;
CREATE UNIQUE INDEX `applications_client` ON `applications`(`tenant_id`,`client_id`)
--;
CREATE INDEX `applications_tenant` ON `applications`(`tenant_id`,`name_norm`)
--;
CREATE TABLE `application_credentials` (`id` text,`tenant_id` text,`application_id` text,`kind` text,`name` text,`hash` blob,`hint` text,`certificate` text,`thumbprint_s256` text,`thumbprint_s1` text,`expires_at` datetime,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `application_credentials_app` ON `application_credentials`(`tenant_id`,`application_id`)
--;
CREATE TABLE `user_flows` (`id` text,`tenant_id` text,`name` text,`published` integer,`created_at` datetime,`updated_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `user_flows_tenant` ON `user_flows`(`tenant_id`)
--;
CREATE TABLE `user_flow_versions` (`flow_id` text,`version` integer,`tenant_id` text,`document` text,`created_at` datetime,`actor_name` text,PRIMARY KEY (`flow_id`,`version`))
--;
CREATE INDEX `user_flow_versions_tenant` ON `user_flow_versions`(`tenant_id`)
--;
CREATE TABLE `user_flow_apps` (`application_id` text,`tenant_id` text,`flow_id` text,PRIMARY KEY (`application_id`))
--;
CREATE INDEX `user_flow_apps_flow` ON `user_flow_apps`(`tenant_id`,`flow_id`)
--;
CREATE TABLE `sign_ins` (`id` text,`tenant_id` text,`created_at` datetime,`correlation_id` text,`kind` text,`protocol` text,`result` text,`code` integer,`user_id` text,`user_name` text,`identifier` text,`client_id` text,`client_name` text,`ip` text,`country` text,`browser` text,`os` text,`sign_up` numeric,`risk_level` text,`count` integer,`record` text,PRIMARY KEY (`id`))
--;
CREATE INDEX `signins_sign_up` ON `sign_ins`(`tenant_id`,`created_at`) WHERE sign_up
--;
CREATE INDEX `signins_correlation` ON `sign_ins`(`tenant_id`,`correlation_id`)
--;
CREATE INDEX `signins_identifier` ON `sign_ins`(`tenant_id`,`identifier`)
--;
CREATE INDEX `signins_country` ON `sign_ins`(`tenant_id`,`country`,`created_at`)
--;
CREATE INDEX `signins_ip` ON `sign_ins`(`tenant_id`,`ip`,`created_at`)
--;
CREATE INDEX `signins_result` ON `sign_ins`(`tenant_id`,`result`,`created_at`)
--;
CREATE INDEX `signins_app` ON `sign_ins`(`tenant_id`,`client_id`,`created_at`)
--;
CREATE INDEX `signins_user` ON `sign_ins`(`tenant_id`,`user_id`,`created_at`)
--;
CREATE INDEX `signins_kind` ON `sign_ins`(`tenant_id`,`kind`,`created_at`)
--;
CREATE INDEX `signins_time` ON `sign_ins`(`tenant_id`,`created_at`)
--;
CREATE TABLE `audits` (`id` text,`tenant_id` text,`created_at` datetime,`activity` text,`category` text,`operation` text,`result` text,`actor_kind` text,`actor_id` text,`actor_name` text,`actor_ip` text,`target_kind` text,`target_id` text,`target_name` text,`changes` text,`correlation_id` text,`block` text,PRIMARY KEY (`id`))
--;
CREATE INDEX `audits_block` ON `audits`(`tenant_id`,`block`,`created_at`)
--;
CREATE INDEX `audits_correlation` ON `audits`(`tenant_id`,`correlation_id`)
--;
CREATE INDEX `audits_category` ON `audits`(`tenant_id`,`category`,`created_at`)
--;
CREATE INDEX `audits_actor` ON `audits`(`tenant_id`,`actor_id`,`created_at`)
--;
CREATE INDEX `audits_target` ON `audits`(`tenant_id`,`target_id`,`created_at`)
--;
CREATE INDEX `audits_time` ON `audits`(`tenant_id`,`created_at`)
--;
CREATE TABLE `client_diagnostics` (`id` text,`tenant_id` text,`client_id` text,`kind` text,`given` text,`expected` text,`count` integer,`first_at` datetime,`last_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `client_diagnostics_client` ON `client_diagnostics`(`tenant_id`,`client_id`,`last_at`)
--;
CREATE TABLE `demo_sessions` (`id` text,`app` text,`sid` text,`subject` text,`data` blob,`expires_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `demo_sessions_expiry` ON `demo_sessions`(`expires_at`)
--;
CREATE INDEX `demo_sessions_sub` ON `demo_sessions`(`app`,`subject`)
--;
CREATE INDEX `demo_sessions_sid` ON `demo_sessions`(`app`,`sid`)
--;
CREATE TABLE `portal_sessions` (`id` text,`tenant_id` text,`user_id` text,`s_id` text,`amr` text,`auth_time` datetime,`handoff` text,`handoff_until` datetime,`secret` text,`binding` text,`return_to` text,`flash` blob,`created_at` datetime,`last_seen_at` datetime,`absolute_until` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `portal_sessions_seen` ON `portal_sessions`(`last_seen_at`)
--;
CREATE UNIQUE INDEX `portal_sessions_secret` ON `portal_sessions`(`secret`)
--;
CREATE UNIQUE INDEX `portal_sessions_handoff` ON `portal_sessions`(`handoff`)
--;
CREATE INDEX `portal_sessions_user` ON `portal_sessions`(`tenant_id`,`user_id`)
--;
CREATE TABLE `outbox` (`id` text,`tenant_id` text,`kind` text,`payload` blob,`state` text,`due_at` datetime,`owner` text,`attempts` integer,`reason` text,`created_at` datetime,`not_after` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `outbox_due` ON `outbox`(`state`)
--;
CREATE TABLE `jobs` (`name` text,`owner` text,`due_at` datetime,`until` datetime,`ran_at` datetime,`problem` text,PRIMARY KEY (`name`))
--;
CREATE TABLE `mailbox` (`id` text,`tenant_id` text,`channel` text,`to_norm` text,`to` text,`sender` text,`subject` text,`text` text,`html` text,`code` text,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `mailbox_time` ON `mailbox`(`created_at`)
--;
CREATE INDEX `mailbox_to` ON `mailbox`(`to_norm`)
--;
CREATE TABLE `audit_blocks` (`id` text,`tenant_id` text,`number` integer,`previous` text,`hash` text,`rows` integer,`first_at` datetime,`last_at` datetime,`purged` numeric,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE UNIQUE INDEX `audit_blocks_number` ON `audit_blocks`(`tenant_id`,`number`)
--;
CREATE TABLE `role_assignments` (`id` text,`tenant_id` text,`user_id` text,`role_id` text,`target_tenant` text,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE UNIQUE INDEX `role_assignments_once` ON `role_assignments`(`user_id`,`role_id`,`target_tenant`)
--;
CREATE TABLE `one_time_links` (`id` text,`tenant_id` text,`purpose` text,`user_id` text,`hash` blob,`expires_at` datetime,`used_at` datetime,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE UNIQUE INDEX `one_time_links_hash` ON `one_time_links`(`hash`)
--;
CREATE INDEX `one_time_links_tenant` ON `one_time_links`(`tenant_id`)
--;
CREATE TABLE `openid_grants` (`id` text,`tenant_id` text,`client_id` text,`user_id` text,`sid` text,`sign_in_id` text,`platform` text,`redirect_uri` text,`scopes` text,`nonce` text,`code_challenge` text,`auth_time` datetime,`amr` text,`acr` text,`claims` text,`client_info` numeric,`created_at` datetime,`code_hash` blob,`code_expires_at` datetime,`code_used_at` datetime,`refresh_hash` blob,`refresh_previous` blob,`rotated_at` datetime,`refresh_expires_at` datetime,`revoked_at` datetime,`revoked_for` text,`purge_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `openid_grants_purge` ON `openid_grants`(`purge_at`)
--;
CREATE UNIQUE INDEX `openid_grants_code` ON `openid_grants`(`code_hash`)
--;
CREATE INDEX `openid_grants_user` ON `openid_grants`(`tenant_id`,`user_id`)
--;
CREATE INDEX `openid_grants_session` ON `openid_grants`(`tenant_id`,`sid`)
--;
CREATE TABLE `openid_keys` (`tenant_id` text,`alg` text,`turn` integer,`id` text,`private` blob,`created_at` datetime,`sign_from` datetime,`retire_at` datetime,PRIMARY KEY (`tenant_id`,`alg`,`turn`))
--;
CREATE INDEX `openid_keys_id` ON `openid_keys`(`id`)
--;
CREATE TABLE `openid_assertions` (`tenant_id` text,`client_id` text,`hash` blob,`expires_at` datetime,PRIMARY KEY (`tenant_id`,`client_id`,`hash`))
--;
CREATE INDEX `openid_assertions_expiry` ON `openid_assertions`(`expires_at`)
--;
CREATE TABLE `openid_requests` (`hash` blob,`tenant_id` text,`body` blob,`expires_at` datetime,PRIMARY KEY (`hash`))
--;
CREATE INDEX `openid_requests_expiry` ON `openid_requests`(`expires_at`)
--;
CREATE INDEX `openid_requests_tenant` ON `openid_requests`(`tenant_id`)
--;
CREATE TABLE `openid_consents` (`tenant_id` text,`user_id` text,`client_id` text,`scopes` text,`created_at` datetime,`updated_at` datetime,PRIMARY KEY (`tenant_id`,`user_id`,`client_id`))
--;
CREATE TABLE `attempts` (`id` text,`tenant_id` text,`version` integer,`browser` text,`body` blob,`started_at` datetime,`expires_at` datetime,`ended_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `attempts_expiry` ON `attempts`(`expires_at`)
--;
CREATE INDEX `attempts_tenant` ON `attempts`(`tenant_id`)
--;
CREATE TABLE `mailed_codes` (`id` text,`tenant_id` text,`attempt_id` text,`purpose` text,`hash` blob,`tries` integer,`used_at` datetime,`expires_at` datetime,`created_at` datetime,PRIMARY KEY (`id`))
--;
CREATE INDEX `mailed_codes_expiry` ON `mailed_codes`(`expires_at`)
--;
CREATE INDEX `mailed_codes_attempt` ON `mailed_codes`(`attempt_id`)
--;
CREATE TABLE `limits` (`key` text,`counts` text,`expires_at` datetime,PRIMARY KEY (`key`))
--;
CREATE INDEX `limits_expiry` ON `limits`(`expires_at`)
--;
CREATE TABLE `lockouts` (`key` text,`tenant_id` text,`state` text,`updated_at` datetime,PRIMARY KEY (`key`,`tenant_id`))
--;
CREATE INDEX `lockouts_idle` ON `lockouts`(`updated_at`)
--;
CREATE TABLE `sessions` (`key_hash` text,`tenant_id` text,`sid` text,`user_id` text,`auth_time` datetime,`amr` text,`mfa_time` datetime,`persistent` numeric,`created_at` datetime,`last_seen_at` datetime,`expires_at` datetime,`revoked_at` datetime,`revoked_for` text,`ip` text,`user_agent` text,`browser` text,`os` text,`country` text,`city` text,`data` text,PRIMARY KEY (`key_hash`))
--;
CREATE INDEX `sessions_expiry` ON `sessions`(`expires_at`)
--;
CREATE UNIQUE INDEX `sessions_sid` ON `sessions`(`sid`)
--;
CREATE INDEX `sessions_user` ON `sessions`(`tenant_id`,`user_id`)
--;
CREATE TABLE `session_clients` (`sid` text,`client_id` text,`tenant_id` text,`first_at` datetime,`last_at` datetime,PRIMARY KEY (`sid`,`client_id`))
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
