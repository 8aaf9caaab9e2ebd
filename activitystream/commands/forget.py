"""``gearbox activitystream forget``."""

from argparse import ArgumentParser, Namespace

from .. import model
from ..lib import removal
from .command import AppCommand, run_batches


class ForgetCommand(AppCommand):
    """Remove an entity from all actions of the activity stream, for a request of erasure.

    The app may have deleted the entity already. All actions are read. Each batch is committed, so
    the app can run meanwhile.
    """

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return the parser, with the entity's type and id."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "type", metavar="TYPE", help="the name of the entity's class, like User"
        )
        parser.add_argument("id", metavar="ID", help="the entity's key")
        return parser

    def work(self, options: Namespace) -> int:
        """Remove the entity and print the number of actions by role."""
        references = removal.references_named(options.type, options.id)
        total = model.orm.count_actions({})
        parts, status = run_batches(removal.forget(references, options.dry_run), total)
        found = removal.Forgotten.sum(parts)
        removed = "would be removed from" if options.dry_run else "was removed from"
        print(
            f"actions that it {removed},\n"
            f"as the actor, and deleted: {found.as_actor}\n"
            f"as the target: {found.as_target}\n"
            f"as the action_obj: {found.as_action_obj}\n"
            f"as a recipient: {found.as_recipient}\n"
            f"what it has seen, read and muted: {found.as_reader}\n"
            "not searched: description and extra"
        )
        if found == removal.Forgotten() and not removal.is_stored(references):
            print(
                f"neither the app nor any action has a {options.type} with the key "
                f"{options.id!r}: check how it is written"
            )
        return status
