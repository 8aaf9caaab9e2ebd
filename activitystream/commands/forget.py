"""``gearbox activitystream forget``."""

from argparse import ArgumentParser, Namespace

from .. import model
from ..lib import removal
from .command import AppCommand, work_off


class ForgetCommand(AppCommand):
    """Remove somebody, or something, from all actions of the activity stream.

    It is made for requests of erasure, and works for what the app has deleted already. It reads all
    actions. Each batch is committed, so that the app goes on meanwhile.
    """

    def get_parser(self, prog_name: str) -> ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("type", metavar="Type", help="the name of its class, like User")
        parser.add_argument("id", help="its key")
        return parser

    def work(self, options: Namespace) -> int:
        references = removal.references_named(options.type, options.id)
        total, _ = model.orm.find_actions({}, "_id", desc=False, skip=0, limit=0)
        parts, status = work_off(removal.forget(references, options.dry_run), total)
        found = removal.Forgotten.sum(parts)
        what = "would be removed from" if options.dry_run else "was removed from"
        print(
            f"actions that it {what},\n"
            f"as the actor, and deleted: {found.as_actor}\n"
            f"as the target: {found.as_target}\n"
            f"as the action_obj: {found.as_action_obj}\n"
            f"as a recipient: {found.as_recipient}\n"
            "not searched: description and extra"
        )
        if found == removal.Forgotten() and not removal.is_stored(references):
            print(
                f"there is no {options.type} with the key {options.id!r}, as it is written here, "
                f"and no action names one"
            )
        return status
