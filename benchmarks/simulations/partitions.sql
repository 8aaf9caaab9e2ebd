-- Two years of recipients in one table, and in one with a partition for each month: run on the
-- tables of a filled database. The year of the workload is stretched to 2024 and 2025.

-- make both
CREATE TABLE plain (
    recipient_type varchar(255) NOT NULL,
    recipient_id varchar(255) NOT NULL,
    timestamp timestamp NOT NULL,
    action_id bigint NOT NULL,
    position integer NOT NULL,
    PRIMARY KEY (recipient_type, recipient_id, timestamp, action_id)
);
CREATE INDEX plain_of_action ON plain (action_id);
CREATE TABLE monthly (LIKE plain INCLUDING ALL) PARTITION BY RANGE (timestamp);
ALTER TABLE plain ADD CONSTRAINT plain FOREIGN KEY (action_id)
REFERENCES activity_stream_action (_id) ON DELETE CASCADE;
ALTER TABLE monthly ADD CONSTRAINT monthly FOREIGN KEY (action_id)
REFERENCES activity_stream_action (_id) ON DELETE CASCADE;
DO $$ BEGIN
    FOR month IN 0..23 LOOP
        EXECUTE format(
            'CREATE TABLE monthly_%s PARTITION OF monthly FOR VALUES FROM (%L) TO (%L)',
            month, date '2024-01-01' + make_interval(months => month),
            date '2024-01-01' + make_interval(months => month + 1));
    END LOOP;
END $$;
INSERT INTO plain
SELECT recipient_type, recipient_id,
       timestamp '2024-01-01' + 2 * (timestamp - timestamp '2025-01-01'), action_id, position
FROM activity_stream_recipient;
INSERT INTO monthly SELECT * FROM plain;
-- What is deleted later is to reach these two only.
DROP TABLE activity_stream_recipient;

-- make statistics
VACUUM ANALYZE

-- make questions
CREATE TABLE person AS
WITH counted AS (
    SELECT recipient_id, count(*) AS number FROM plain WHERE recipient_type = 'User' GROUP BY 1
)
(SELECT 'most' AS who, recipient_id FROM counted ORDER BY number DESC LIMIT 1)
UNION ALL
(SELECT 'typically', recipient_id FROM counted
 WHERE number >= (SELECT avg(number) FROM counted) ORDER BY number LIMIT 1)
UNION ALL
(SELECT 'least', recipient_id FROM counted ORDER BY number LIMIT 1);

CREATE TABLE question (what, query) AS
SELECT what, 'SELECT action.* FROM ('
    '(SELECT timestamp, action_id FROM {table} WHERE recipient_type = ''User'' '
    'AND recipient_id = {key} AND timestamp < ' || before ||
    ' ORDER BY timestamp DESC, action_id DESC LIMIT 10) UNION ALL '
    '(SELECT timestamp, action_id FROM {table} WHERE recipient_type = '''' '
    'AND recipient_id = '''' AND timestamp < ' || before ||
    ' ORDER BY timestamp DESC, action_id DESC LIMIT 10)) AS merged '
    'JOIN activity_stream_action AS action ON action._id = merged.action_id '
    'ORDER BY merged.timestamp DESC, merged.action_id DESC LIMIT 10'
FROM (VALUES ('newest ten', '''infinity'''), ('ten before a year ago', '''2025-01-01'''))
AS page (what, before)
UNION ALL
SELECT what, 'SELECT count(*) FROM (SELECT 1 FROM {table} WHERE recipient_type = ''User'' '
    'AND recipient_id = {key} AND timestamp > ' || seen || ' LIMIT 100) AS unseen'
FROM (VALUES ('count to 100, last seen a month ago', '''2025-12-01'''),
             ('count to 100, last seen a year ago', '''2025-01-01''')) AS counted (what, seen)
UNION ALL
SELECT 'the rows of 5 recipients written', 'INSERT INTO {table} SELECT ''User'', random()::text, '
    'timestamp ''2025-12-31'', 1, number FROM generate_series(1, 5) AS number';

CREATE FUNCTION explained(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
    RETURN plan -> 0;
END $$;

CREATE TABLE answer (what text, who text, stored text, plan jsonb);

-- make answers
DO $$ BEGIN
    FOR round IN 1..50 LOOP
        INSERT INTO answer
        SELECT what, who, stored,
               explained(replace(replace(query, '{table}', stored), '{key}', quote_literal(recipient_id)))
        FROM question, person, unnest(ARRAY['plain', 'monthly']) AS stored ORDER BY random();
    END LOOP;
END $$

-- Reads and writes, in milliseconds
WITH measured AS (
    SELECT what || ', ' || who || ' notified user' AS line, stored,
           (plan ->> 'Execution Time')::numeric AS spent,
           (plan ->> 'Planning Time')::numeric AS planning,
           (SELECT count(DISTINCT name) FROM jsonb_path_query(
               plan, 'strict $.**."Relation Name"') AS name WHERE name::text ~ 'monthly_') AS planned,
           (SELECT count(DISTINCT name) FROM jsonb_path_query(
               plan, 'strict $.** ? (@."Actual Loops" > 0)."Relation Name"') AS name
            WHERE name::text ~ 'monthly_') AS read
    FROM answer
)
SELECT line,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY spent) FILTER (WHERE stored = 'plain') AS plain,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY spent) FILTER (WHERE stored = 'monthly') AS monthly,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY planning) FILTER (WHERE stored = 'plain')
           AS "planning, plain",
       percentile_disc(0.5) WITHIN GROUP (ORDER BY planning) FILTER (WHERE stored = 'monthly')
           AS "planning, monthly",
       max(planned) AS "partitions planned", max(read) AS "partitions read"
FROM measured GROUP BY line ORDER BY line

-- make the purge
CREATE TABLE purged (what text, milliseconds numeric);
DO $$
DECLARE
    begun timestamptz := clock_timestamp();
    plan jsonb;
BEGIN
    DROP TABLE monthly_0;
    INSERT INTO purged VALUES (
        'monthly: DROP TABLE of the oldest month', extract(epoch FROM clock_timestamp() - begun) * 1000);
    plan := explained('DELETE FROM activity_stream_action WHERE _id IN '
        '(SELECT action_id FROM plain WHERE timestamp < ''2024-02-01'')');
    INSERT INTO purged
    SELECT (cascade ->> 'Constraint Name') || ': ON DELETE CASCADE of its actions',
           (cascade ->> 'Time')::numeric
    FROM jsonb_array_elements(plan -> 'Triggers') AS cascade;
    INSERT INTO purged
    SELECT 'both: DELETE of the actions alone',
           (plan ->> 'Execution Time')::numeric - sum(milliseconds) FROM purged WHERE what ~ 'CASCADE';
END $$

-- make a note of the time
CREATE TABLE begun AS SELECT clock_timestamp() AS at

-- make room
VACUUM plain

-- make a note of how long that took
INSERT INTO purged
SELECT 'plain: VACUUM afterwards', extract(epoch FROM clock_timestamp() - at) * 1000 FROM begun

-- The oldest month purged
SELECT what, round(milliseconds) AS milliseconds FROM purged ORDER BY what
