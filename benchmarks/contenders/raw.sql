-- What the raw contender sends to PostgreSQL.

-- page
SELECT action.*
FROM activity_stream_action AS action
JOIN (
    SELECT DISTINCT timestamp, action_id
    FROM unnest(%(types)s::varchar[], %(keys)s::varchar[]) AS addressed (type, key)
    JOIN LATERAL (
        SELECT timestamp, action_id FROM activity_stream_recipient
        WHERE recipient_type = addressed.type AND recipient_id = addressed.key
        ORDER BY timestamp DESC, action_id DESC LIMIT %(skip)s + 10
    ) AS newest ON true
    ORDER BY timestamp DESC, action_id DESC LIMIT 10 OFFSET %(skip)s
) AS page ON action._id = page.action_id
ORDER BY page.timestamp DESC, page.action_id DESC

-- page_below
SELECT action.*
FROM activity_stream_action AS action
JOIN (
    SELECT DISTINCT timestamp, action_id
    FROM unnest(%(types)s::varchar[], %(keys)s::varchar[]) AS addressed (type, key)
    JOIN LATERAL (
        SELECT timestamp, action_id FROM activity_stream_recipient
        WHERE recipient_type = addressed.type AND recipient_id = addressed.key
        AND timestamp <= %(moment)s AND (timestamp < %(moment)s OR action_id < %(last)s)
        ORDER BY timestamp DESC, action_id DESC LIMIT 10
    ) AS newest ON true
    ORDER BY timestamp DESC, action_id DESC LIMIT 10
) AS page ON action._id = page.action_id
ORDER BY page.timestamp DESC, page.action_id DESC

-- actors_page
SELECT action.* FROM unnest(%(types)s::varchar[]) AS named (type)
JOIN LATERAL (
    SELECT * FROM activity_stream_action WHERE actor_id = %(key)s AND actor_type = named.type
    ORDER BY timestamp DESC, _id DESC LIMIT 10
) AS action ON true
ORDER BY timestamp DESC, _id DESC LIMIT 10

-- targets_page
SELECT action.* FROM unnest(%(types)s::varchar[]) AS named (type)
JOIN LATERAL (
    SELECT * FROM activity_stream_action WHERE target_id = %(key)s AND target_type = named.type
    ORDER BY timestamp DESC, _id DESC LIMIT 10
) AS action ON true
ORDER BY timestamp DESC, _id DESC LIMIT 10

-- users
SELECT _id, user_name FROM tg_user WHERE _id = ANY(%(keys)s)

-- posts
SELECT _id, title FROM post WHERE _id = ANY(%(keys)s)

-- count
WITH marks AS (
    SELECT seen_floor FROM activity_stream_reader
    WHERE reader_type = 'User' AND reader_id = %(key)s AND mark = %(seen)s::timestamp
), decided AS MATERIALIZED (
    SELECT action_id FROM activity_stream_seen_action
    WHERE reader_type = 'User' AND reader_id = %(key)s
    AND timestamp > (SELECT seen_floor FROM marks)
)
SELECT count(*), EXISTS (
    SELECT 1 FROM activity_stream_mute WHERE reader_type = 'User' AND reader_id = %(key)s
)
FROM (
    VALUES ('User', %(key)s::varchar), ('Admin', %(key)s::varchar), ('', '')
) AS addressed (type, key)
JOIN LATERAL (
    SELECT 1 FROM activity_stream_recipient
    WHERE recipient_type = addressed.type AND recipient_id = addressed.key
    AND timestamp > coalesce((SELECT seen_floor FROM marks), %(seen)s::timestamp)
    AND action_id NOT IN (SELECT action_id FROM decided)
    LIMIT %(limit)s
) AS theirs ON true

-- lock
SELECT last_activity_seen FROM tg_user WHERE _id = %(key)s FOR UPDATE

-- mark_seen
UPDATE tg_user SET last_activity_seen = %(moment)s
WHERE _id = %(key)s AND (last_activity_seen IS NULL OR last_activity_seen < %(moment)s)

-- mark_read
INSERT INTO activity_stream_seen_action (reader_type, reader_id, timestamp, action_id, is_read)
SELECT 'User', %(key)s::varchar, timestamp, _id, true FROM activity_stream_action
WHERE _id = %(action)s
AND EXISTS (SELECT 1 FROM tg_user WHERE _id = %(user)s)
AND EXISTS (
    SELECT 1 FROM activity_stream_reader
    WHERE reader_type = 'User' AND reader_id = %(key)s AND mark = %(seen)s
)
ON CONFLICT (reader_type, reader_id, timestamp, action_id) DO UPDATE SET is_read = true

-- create_for_one
WITH action AS (
    INSERT INTO activity_stream_action (
        actor_type, actor_id, actor_name, verb, target_type, target_id, target_name, timestamp,
        number_of_recipients)
    VALUES (
        %(actor_type)s, %(actor_id)s, %(actor_name)s, %(verb)s, %(target_type)s, %(target_id)s,
        %(target_name)s, %(timestamp)s, %(number_of_recipients)s)
    RETURNING _id
)
INSERT INTO activity_stream_recipient
SELECT 'User', %(key)s, %(timestamp)s::timestamp, _id, 0 FROM action
RETURNING action_id

-- create
WITH action AS (
    INSERT INTO activity_stream_action (
        actor_type, actor_id, actor_name, verb, target_type, target_id, target_name, timestamp,
        number_of_recipients)
    VALUES (
        %(actor_type)s, %(actor_id)s, %(actor_name)s, %(verb)s, %(target_type)s, %(target_id)s,
        %(target_name)s, %(timestamp)s, %(number_of_recipients)s)
    RETURNING _id
), addressing AS (
    INSERT INTO activity_stream_recipient
    SELECT 'User', key, %(timestamp)s::timestamp, _id, place::integer - 1
    FROM action, unnest(%(keys)s::varchar[]) WITH ORDINALITY AS addressed (key, place)
)
SELECT _id FROM action

-- store_many
INSERT INTO activity_stream_action ({columns}) VALUES {rows} RETURNING _id

-- address_many
INSERT INTO activity_stream_recipient
SELECT 'User', %(key)s, %(timestamp)s::timestamp, _id, 0
FROM unnest(%(ids)s::bigint[]) AS action (_id)
