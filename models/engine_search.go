package models

// searchSchema is what rows cannot say and what only one engine has: above all the index that finds
// people by any part of a name or address. On SQLite it is an FTS5 trigram index over a side table that
// triggers keep; on Postgres a pg_trgm index. A Postgres without the pg_trgm extension searches all the
// same, only slowly. The migrations hold these statements; a test compares them.
func (s *Store) searchSchema() []string {
	users := []string{
		`CREATE INDEX IF NOT EXISTS users_mail ON users (tenant_id, lower(mail))`,
		`CREATE INDEX IF NOT EXISTS users_deleted ON users (tenant_id, deleted_at) WHERE deleted_at IS NOT NULL`,
		`CREATE INDEX IF NOT EXISTS users_name_deleted ON users (tenant_id, name_norm) WHERE deleted_at IS NOT NULL`,
		`CREATE INDEX IF NOT EXISTS users_name_disabled ON users (tenant_id, name_norm) WHERE NOT enabled`,
		`CREATE INDEX IF NOT EXISTS users_leaving ON users (tenant_id, deleted_at) WHERE self_deleted`,
		`CREATE INDEX IF NOT EXISTS users_must_change ON users (tenant_id, name_norm) WHERE must_change_password`,
	}
	if s.dialect == "postgres" {
		return []string{
			// Prefixes are ranges and pages continue after a name: both need the order of bytes, which
			// SQLite has anyway and Postgres only by this collation.
			`ALTER TABLE users ALTER COLUMN name_norm TYPE text COLLATE "C"`,
			`ALTER TABLE applications ALTER COLUMN name_norm TYPE text COLLATE "C"`,
			`ALTER TABLE sign_ins ALTER COLUMN identifier TYPE text COLLATE "C"`,
			`ALTER TABLE groups ALTER COLUMN name_norm TYPE text COLLATE "C"`,
			users[0], users[1], users[2], users[3], users[4], users[5],
			// Three letters, one trigram, for the quarter of a day and three for the four days in which a person came: see
			// user_spans.go.
			`CREATE OR REPLACE FUNCTION search_marks(created_at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ' ' || right(to_hex(4096 + floor(date_part('epoch', created_at - timestamptz '1970-01-01 00:00:00+00') / 21600)::bigint % 4096), 3)
      || ' ' || chr(103 + (floor(date_part('epoch', created_at - timestamptz '1970-01-01 00:00:00+00') / 88473600)::bigint % 16)::int)
      || right(to_hex(256 + floor(date_part('epoch', created_at - timestamptz '1970-01-01 00:00:00+00') / 345600)::bigint % 256), 2)
$$`,
			// Kept, not made for each row that the index finds: Postgres compares those with what was looked for again.
			`ALTER TABLE users ADD COLUMN IF NOT EXISTS search_marked text GENERATED ALWAYS AS (search_norm || search_marks(created_at)) STORED`,
			`DO $$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX IF NOT EXISTS users_words ON users USING gin (search_marked gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
  RAISE WARNING 'pg_trgm is not available: searching people will be slow';
END $$`,
			typeTable,
			`CREATE OR REPLACE FUNCTION keep_risk_types() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP <> 'INSERT' THEN DELETE FROM sign_in_types WHERE tenant_id = OLD.tenant_id AND type = ANY(string_to_array(OLD.risk_types, ',')) AND created_at = OLD.created_at AND sign_in_id = OLD.id; END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO sign_in_types (tenant_id, type, created_at, sign_in_id) SELECT DISTINCT NEW.tenant_id, type, NEW.created_at, NEW.id FROM unnest(string_to_array(NEW.risk_types, ',')) AS type;
  END IF;
  RETURN NULL;
END $$`,
			`CREATE OR REPLACE TRIGGER signins_types_insert AFTER INSERT ON sign_ins FOR EACH ROW WHEN (NEW.risk_types <> '') EXECUTE FUNCTION keep_risk_types()`,
			`CREATE OR REPLACE TRIGGER signins_types_update AFTER UPDATE OF risk_types ON sign_ins FOR EACH ROW WHEN (OLD.risk_types IS DISTINCT FROM NEW.risk_types) EXECUTE FUNCTION keep_risk_types()`,
			`CREATE OR REPLACE TRIGGER signins_types_delete AFTER DELETE ON sign_ins FOR EACH ROW WHEN (OLD.risk_types <> '') EXECUTE FUNCTION keep_risk_types()`,
			attributeTable, attributeOwner,
			`CREATE OR REPLACE FUNCTION keep_attribute_values() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP <> 'INSERT' THEN DELETE FROM attribute_values WHERE user_id = OLD.id; END IF;
  IF TG_OP <> 'DELETE' AND NEW.attributes LIKE '%extension\_%' THEN
    INSERT INTO attribute_values (tenant_id, attribute_id, value, user_id)
      SELECT NEW.tenant_id, key, left(value, 128), NEW.id FROM jsonb_each_text(NEW.attributes::jsonb) WHERE key LIKE 'extension\_%' AND value IS NOT NULL;
  END IF;
  RETURN NULL;
END $$`,
			`CREATE OR REPLACE TRIGGER users_values_insert AFTER INSERT OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION keep_attribute_values()`,
			`CREATE OR REPLACE TRIGGER users_values_update AFTER UPDATE OF attributes ON users FOR EACH ROW WHEN (OLD.attributes IS DISTINCT FROM NEW.attributes) EXECUTE FUNCTION keep_attribute_values()`,
		}
	}
	// The side table gives people a small number that lasts (a rowid of users itself would not survive
	// VACUUM) and holds the sort keys, so that sorting what a search found touches nothing else.
	return append(users, typeTable+" WITHOUT ROWID",
		`CREATE TRIGGER IF NOT EXISTS signins_types_insert AFTER INSERT ON sign_ins WHEN new.risk_types <> '' BEGIN
`+keepTypes+`END`,
		`CREATE TRIGGER IF NOT EXISTS signins_types_update AFTER UPDATE OF risk_types ON sign_ins WHEN COALESCE(old.risk_types, '') <> COALESCE(new.risk_types, '') BEGIN
`+dropTypes+keepTypes+`END`,
		`CREATE TRIGGER IF NOT EXISTS signins_types_delete AFTER DELETE ON sign_ins WHEN old.risk_types <> '' BEGIN
`+dropTypes+`END`,
		attributeTable, attributeOwner,
		`CREATE TRIGGER IF NOT EXISTS users_values_insert AFTER INSERT ON users WHEN new.attributes LIKE '%extension\_%' ESCAPE '\' BEGIN
`+keepAttributes+`END`,
		`CREATE TRIGGER IF NOT EXISTS users_values_update AFTER UPDATE OF attributes ON users WHEN old.attributes <> new.attributes BEGIN
  DELETE FROM attribute_values WHERE user_id = new.id;
`+keepAttributes+`END`,
		`CREATE TRIGGER IF NOT EXISTS users_values_delete AFTER DELETE ON users BEGIN
  DELETE FROM attribute_values WHERE user_id = old.id;
END`,
		`CREATE TABLE IF NOT EXISTS user_search (
  num INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL,
  name_norm TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  enabled NUMERIC NOT NULL,
  deleted NUMERIC NOT NULL,
  search_norm TEXT NOT NULL
)`,
		`CREATE VIRTUAL TABLE IF NOT EXISTS user_trigrams USING fts5 (search_norm, content='user_search', content_rowid='num', tokenize='trigram')`,
		`CREATE TRIGGER IF NOT EXISTS users_search_insert AFTER INSERT ON users BEGIN
  INSERT INTO user_search (user_id, tenant_id, name_norm, created_at, enabled, deleted, search_norm)
    VALUES (new.id, new.tenant_id, new.name_norm, new.created_at, new.enabled, new.deleted_at IS NOT NULL, new.search_norm);
  INSERT INTO user_trigrams (rowid, search_norm) SELECT num, search_norm FROM user_search WHERE user_id = new.id;
END`,
		`CREATE TRIGGER IF NOT EXISTS users_search_delete AFTER DELETE ON users BEGIN
  INSERT INTO user_trigrams (user_trigrams, rowid, search_norm) SELECT 'delete', num, search_norm FROM user_search WHERE user_id = old.id;
  DELETE FROM user_search WHERE user_id = old.id;
END`,
		`CREATE TRIGGER IF NOT EXISTS users_search_state AFTER UPDATE OF name_norm, created_at, enabled, deleted_at ON users BEGIN
  UPDATE user_search SET name_norm = new.name_norm, created_at = new.created_at, enabled = new.enabled, deleted = new.deleted_at IS NOT NULL
    WHERE user_id = new.id;
END`,
		`CREATE TRIGGER IF NOT EXISTS users_search_text AFTER UPDATE OF search_norm ON users WHEN old.search_norm <> new.search_norm BEGIN
  INSERT INTO user_trigrams (user_trigrams, rowid, search_norm) SELECT 'delete', num, search_norm FROM user_search WHERE user_id = old.id;
  UPDATE user_search SET search_norm = new.search_norm WHERE user_id = new.id;
  INSERT INTO user_trigrams (rowid, search_norm) SELECT num, search_norm FROM user_search WHERE user_id = new.id;
END`)
}

// The index of custom attributes: who has exactly this value. Triggers keep it, so that no way of writing a
// person can forget it; a person without custom attributes costs nothing.
const (
	attributeTable = `CREATE TABLE IF NOT EXISTS attribute_values (
  tenant_id varchar(36) NOT NULL,
  attribute_id varchar(128) NOT NULL,
  value varchar(128) NOT NULL,
  user_id varchar(36) NOT NULL,
  PRIMARY KEY (tenant_id, attribute_id, value, user_id)
)`
	attributeOwner = `CREATE INDEX IF NOT EXISTS attribute_values_owner ON attribute_values (user_id)`
	keepAttributes = `  INSERT OR IGNORE INTO attribute_values (tenant_id, attribute_id, value, user_id)
    SELECT new.tenant_id, key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE substr(CAST(value AS TEXT), 1, 128) END, new.id
      FROM json_each(new.attributes) WHERE key LIKE 'extension\_%' ESCAPE '\' AND type <> 'null';
`
)

// The index of what was found in sign-ins: a sign-in holds its types of risk as one list, and those
// of a type must be found in order of time also where hardly any has it. Triggers keep it; a sign-in without a risk costs
// nothing.
const (
	typeTable = `CREATE TABLE IF NOT EXISTS sign_in_types (
  tenant_id varchar(36) NOT NULL,
  type varchar(48) NOT NULL,
  created_at timestamptz NOT NULL,
  sign_in_id varchar(36) NOT NULL,
  PRIMARY KEY (tenant_id, type, created_at, sign_in_id)
)`
	keepTypes = `  INSERT OR IGNORE INTO sign_in_types (tenant_id, type, created_at, sign_in_id)
    SELECT new.tenant_id, value, new.created_at, new.id FROM json_each('[' || replace(json_quote(new.risk_types), ',', '","') || ']') WHERE value <> '';
`
	dropTypes = `  DELETE FROM sign_in_types WHERE tenant_id = old.tenant_id AND type IN (SELECT value FROM json_each('[' || replace(json_quote(old.risk_types), ',', '","') || ']'))
    AND created_at = old.created_at AND sign_in_id = old.id;
`
)
