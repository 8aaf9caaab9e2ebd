"""Fill an empty board."""

from datetime import timedelta
from typing import Any

from activitystream import am
from demo import model
from demo.model import Notice, Reply, now


def bootstrap(command: Any, conf: Any, vars: Any) -> None:
    """Store some neighbours, notices and replies, if the board is empty."""
    with model.orm.unit_of_work():
        if not model.orm.neighbours():
            _move_in()


def _move_in() -> None:
    names = ("Ada", "Bruno", "Freya", "Kofi", "Mei")
    ada, bruno, freya, kofi, mei = (
        model.orm.save(model.orm.Neighbour(name=name, colour=number))
        for number, name in enumerate(names)
    )

    ladder = bruno.post(
        "A ladder to lend",
        "Three metres, aluminium. It lives in the cellar behind my bicycle: take it, "
        "and bring it back one day.",
    )
    _backdate(28 * 60, ladder)
    _backdate(26 * 60, mei.comment_on(ladder, "Taken for the afternoon. Back by five!"))
    _backdate(22 * 60, freya.like(ladder))
    drill = kofi.post("Who has a drill?", "For an hour at most: one shelf, four holes.")
    _backdate(9 * 60, drill)
    _backdate(8 * 60, freya.comment_on(drill, "Mine is charged. Come by any time."))
    _backdate(7 * 60, mei.like(drill))
    apples = mei.post(
        "More apples than I can eat",
        "There is a crate by the letter boxes. Help yourselves: the yellow ones are for cake.",
    )
    _backdate(3 * 60, apples)
    _backdate(2 * 60, ada.comment_on(apples, "They are a cake now. My door is open."))
    _backdate(95, bruno.comment_on(apples, "On my way down!"))
    supper = freya.announce(
        "Supper in the yard, Saturday at six",
        "Bring a dish and a chair; the tables are there already.\n"
        "If it rains, we move to the bicycle shed.",
    )
    _backdate(47, supper)
    _backdate(25, kofi.comment_on(supper, "I make jollof rice, and bring the music."))
    _backdate(12, ada.like(apples))
    _backdate(6, bruno.like(supper))
    _backdate(5, ada.like(supper))
    _backdate(4, mei.like(supper))

    for neighbour in (ada, bruno, kofi, mei):
        am.mark_all_read(neighbour, now() - timedelta(hours=5))
    am.mark_all_read(freya, now() - timedelta(minutes=40))


def _backdate(minutes_ago: int, written: Notice | Reply | None) -> None:
    """Move the newest action some minutes into the past."""
    _, [action] = am.get_actions(limit=1)
    action.timestamp = now() - timedelta(minutes=minutes_ago)
    if written:
        written.created = action.timestamp
    model.orm.DBSession.flush()
