"""A notice board for the neighbours of one house: an example host app of activitystream.

``./dev demo`` starts it. Its files are those of a quickstarted app. Read them in this order:

- ``config/app_cfg.py`` plugs activitystream;
- ``model/board.py`` says what the stream shows of people and notices, and records who did what;
- ``model/on_sqlalchemy.py`` or ``model/on_ming.py``, for your ORM, adds the one field;
- ``templates/master.xhtml`` has the bell in the header of every page, which htmx keeps up to date;
- ``controllers/root.py`` and ``templates/board.xhtml`` show a user what is new, and what happened
  to a notice;
- ``templates/neighbour.xhtml`` shows what a neighbour did, as far as whoever looks may see it;
- ``templates/comment.xhtml`` shows a comment in the stream.
"""
