-- What the two packages for Django are given: the users, the posts and the recipients of ours.
-- They have no action for everyone: those are left out, which spares them some rows.

-- users
INSERT INTO auth_user (id, username, password, first_name, last_name, email,
                       is_superuser, is_staff, is_active, date_joined)
SELECT _id, user_name, '', '', '', '', false, false, true, now() FROM tg_user
ON CONFLICT DO NOTHING;

-- posts
INSERT INTO auth_group (id, name) SELECT _id, title FROM post ON CONFLICT DO NOTHING;

-- notifications
INSERT INTO notifications_notification (
    level, recipient_id, unread, actor_content_type_id, actor_object_id, verb,
    target_content_type_id, target_object_id, timestamp, public, deleted, emailed)
SELECT 'info', recipient_id::integer, action.timestamp > %(seen)s, %(user_type)s, actor_id, verb,
       %(post_type)s, target_id, action.timestamp AT TIME ZONE 'UTC', true, false, false
FROM activity_stream_recipient JOIN activity_stream_action AS action ON action._id = action_id
WHERE recipient_type = 'User' ORDER BY action_id, position;

-- actstream
INSERT INTO actstream_action (
    actor_content_type_id, actor_object_id, verb, target_content_type_id, target_object_id,
    action_object_content_type_id, action_object_object_id, timestamp, public)
(SELECT %(user_type)s, actor_id, verb, %(user_type)s, recipient_id,
       %(post_type)s, target_id, action.timestamp AT TIME ZONE 'UTC', true
FROM activity_stream_recipient JOIN activity_stream_action AS action ON action._id = action_id
WHERE recipient_type = 'User' ORDER BY action_id, position)
UNION ALL
(SELECT %(post_type)s, actor_id, verb, %(post_type)s, target_id, NULL, NULL,
       timestamp AT TIME ZONE 'UTC', true FROM activity_stream_action ORDER BY _id);
