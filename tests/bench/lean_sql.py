"""The lean reference's tables, and the few statements that every fact passes."""

SCHEMA = """
CREATE TABLE event (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL, stream uuid NOT NULL,
  sequence bigint NOT NULL, type text NOT NULL, audience text[] NOT NULL, told timestamptz NOT NULL, causation uuid,
  home text NOT NULL, addressee text NOT NULL, traceparent text NOT NULL, body bytea NOT NULL, position bigint);
CREATE INDEX event_waiting ON event (seq) WHERE position IS NULL;
CREATE UNIQUE INDEX event_position ON event (position) WHERE position IS NOT NULL;
CREATE TABLE stream (id uuid PRIMARY KEY, sequence bigint NOT NULL);
CREATE TABLE inbox (source smallint, id uuid, hash bytea NOT NULL, PRIMARY KEY (source, id));
CREATE TABLE state (stream uuid, type text, n int NOT NULL DEFAULT 1, PRIMARY KEY (stream, type));
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_notify('event', ''); RETURN NULL; END $$;
CREATE TRIGGER told AFTER INSERT ON event FOR EACH STATEMENT EXECUTE FUNCTION told();
"""

WAITING = "SELECT * FROM event WHERE position IS NULL ORDER BY seq LIMIT $1"
MARK = "UPDATE event SET position = p FROM unnest($1::bigint[], $2::bigint[]) u(s, p) WHERE seq = s"
DROP = "DELETE FROM event WHERE seq = ANY($1)"
LOCK = """INSERT INTO stream SELECT s, 0 FROM unnest($1::uuid[]) s ORDER BY s
  ON CONFLICT (id) DO UPDATE SET sequence = stream.sequence RETURNING id, sequence"""
ADVANCE = "UPDATE stream SET sequence = q FROM unnest($1::uuid[], $2::bigint[]) u(i, q) WHERE id = i"
CLAIM = """INSERT INTO inbox SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bytea[])
  ON CONFLICT DO NOTHING RETURNING id"""
STATE = """INSERT INTO state (stream, type) SELECT s, t FROM unnest($1::uuid[], $2::text[]) u(s, t) GROUP BY s, t
  ON CONFLICT (stream, type) DO UPDATE SET n = state.n + 1"""
EVENTS = """INSERT INTO event
  (id, stream, sequence, type, audience, told, causation, home, addressee, traceparent, body)
  SELECT id, stream, sequence, type, ARRAY[home], told, causation, home, addressee, traceparent, body FROM unnest(
  $1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[], $6::uuid[], $7::text[], $8::text[], $9::text[],
  $10::bytea[]) u(id, stream, sequence, type, told, causation, home, addressee, traceparent, body)"""
