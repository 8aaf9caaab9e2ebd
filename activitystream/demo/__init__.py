"""A board for the neighbours of one house: the example of a host app that plugs activitystream.

Start it by ``python -m activitystream.demo``. What to read, in this order:

- ``app``: the one line that plugs activitystream in;
- ``model``: what the stream wants to know of people and notices, and how actions are recorded;
  then, for your ORM, ``model.on_sqlalchemy`` or ``model.on_ming``: the one field that is added;
- ``controllers.root`` and ``templates/board.xhtml``: how a page shows a user what is new;
- ``templates/master.xhtml``: the count in the header of every page.
"""
