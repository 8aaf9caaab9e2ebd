"""A board for the neighbours of one house: the example of a host app that plugs activitystream.

Start it by ``python -m activitystream.demo``. What to read, in this order:

- ``app``: what plugs activitystream in;
- ``model``: what the stream wants to know of people and notices, and how actions are recorded;
  then, for your ORM, ``model.on_sqlalchemy`` or ``model.on_ming``: the one field that is added;
- ``templates/master.xhtml``: the bell in the header of every page, which htmx keeps up to date;
- ``controllers.root`` and ``templates/board.xhtml``: how a page shows a user what is new;
- ``templates/comment.xhtml``: how the stream shows a comment.
"""
