"""Kajiki's templates, compiled once in a process, where each app would compile them again."""

from functools import cache

import kajiki

_compile = kajiki.XMLTemplate


@cache
def _compiled(source, options):
    return _compile(source, **{name: value for name, value in options if value is not None})


def xml_template(source=None, autoblocks=None, **options):
    """Do what ``kajiki.XMLTemplate`` does. The loader that calls it may write on the class."""
    options["autoblocks"] = None if autoblocks is None else tuple(autoblocks)
    template = _compiled(source, tuple(sorted(options.items())))
    return type(template.__name__, (template,), {})
