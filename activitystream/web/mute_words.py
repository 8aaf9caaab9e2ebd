"""What a reader has muted, or may mute, in words."""

from typing import Any

from markupsafe import Markup, escape

from ..lib.mutes import Mute
from ..lib.options import option
from ..model.entity_words import name_of
from ..model.names import reader_of
from ..model.words import _, text_of


def words_of(mute: Mute) -> Markup:
    """Describe a mute, as HTML: "Likes: what Ann does"."""
    given = tuple(field for field, its in mute._asdict().items() if its is not None)
    pattern = {
        ("verb",): "%(verb)s",
        ("actor",): _("What %(actor)s does"),
        ("target",): _("What happens to %(target)s"),
        ("verb", "actor"): _("%(verb)s: what %(actor)s does"),
        ("verb", "target"): _("%(verb)s: what happens to %(target)s"),
        ("actor", "target"): _("What %(actor)s does to %(target)s"),
        ("verb", "actor", "target"): _("%(verb)s: what %(actor)s does to %(target)s"),
    }[given]
    names = {role: _name(getattr(mute, role)) for role in ("actor", "target") if role in given}
    return filled(pattern, verb=mute.verb and (label_of(mute.verb) or quoted(mute.verb)), **names)


def label_of(verb: str) -> str | None:
    """Return the label of a verb by the option ``kinds``, in the request's language, or None."""
    label = option("kinds").get(verb)
    return None if label is None else _(text_of(label))


def quoted(verb: str) -> str:
    """Return a verb without a label, in quotation marks."""
    return _("“%(verb)s”") % {"verb": _(verb)}


def filled(pattern: str, **names: str | None) -> Markup:
    """Fill names into a pattern, as HTML. Each name is isolated in its own writing direction."""
    bdi = Markup("<bdi>{}</bdi>")
    return escape(pattern) % {name: bdi.format(its) for name, its in names.items()}


def muted_sentence(mute: Mute) -> Markup:
    """Return the sentence that confirms a mute, as HTML."""
    return filled(_("Muted: %(what)s"), what=words_of(mute))


def _name(entity: Any) -> str:
    return name_of(entity, reader_of(entity, role="actor").type)
