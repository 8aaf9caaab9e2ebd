"""Actions as HTML: one template renders one of them, wherever it is shown.

The host replaces it for all verbs by tgext.pluggable's ``replace_template``, or for one by our
option ``templates``.
"""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import tg
from markupsafe import Markup
from tg.configuration.utils import TGConfigError
from tg.renderers.base import RendererFactory
from tg.util import DottedFileLocatorError

from .. import helpers
from .days import Day
from .options import option

_ENGINE = "activitystream"


class Line(NamedTuple):
    """What a list shows of an action, and around it."""

    action: Any
    words: Markup
    link: str | None
    is_new: bool
    when: str


def lines(
    actions: Iterable[Any],
    when: Callable[[Any], str],
    is_new: Callable[[Any], bool] | None = None,
    marking: bool = True,
) -> list[Line]:
    """
    :param when: tells the time of an action.
    :param is_new: whether its reader has not seen an action; None where that is not told.
    :param marking: whether a click marks the reader's stream as seen up to the newest of these.
    """
    actions = list(actions)
    newest = max((action.timestamp for action in actions), default=None)
    link_of = partial(helpers.link_of, until=newest) if marking else helpers.own_link_of
    return [
        Line(
            action,
            render(template_for(action.verb), action=action),
            link_of(action),
            is_new is not None and is_new(action),
            when(action),
        )
        for action in actions
    ]


def check_templates(conf: dict[str, Any]) -> None:
    """
    :raises TGConfigError: if the host has no template that it gave for a verb.
    """
    for verb, template in conf["activitystream"]["templates"].items():
        engine, name = _with_engine(template, conf).split(":", 1)
        if engine not in conf["render_functions"]:
            problem = f"there is no engine {engine}"
        elif engine == "kajiki" and not _file_of(name, conf).is_file():
            problem = f"there is no {_file_of(name, conf)}"
        else:
            continue
        raise TGConfigError(
            f"plug(base_config, 'activitystream', templates={{{verb!r}: {template!r}}}): {problem}"
        )


def _file_of(name: str, conf: dict[str, Any]) -> Path:
    extension = conf["render_functions"]["kajiki"].loader.template_extension
    finder = conf["tg.app_globals"].dotted_filename_finder
    try:
        return Path(finder.get_dotted_filename(name, template_extension=extension))
    except DottedFileLocatorError:
        return Path(name)


def template_for(verb: str) -> str:
    """The template of the actions of a verb, as ``engine:name``."""
    template = option("templates").get(verb)
    if template is None:
        return _in_use("activitystream.templates.action")
    return _with_engine(template, tg.config)


def _with_engine(template: str, conf: Any) -> str:
    return template if ":" in template else f"{conf['default_renderer']}:{template}"


def render_list(days: Iterable[Day], older: dict[str, str] | None = None) -> Markup:
    """A list of lines.

    :param older: where it goes on: the URLs of a page and of just the rest, by their paths; None
        where there is no more.
    """
    return render(_in_use("activitystream.templates.stream"), days=list(days), older=older)


def render(template: str, **variables: Any) -> Markup:
    """A fragment.

    :param template: as ``engine:name``.
    """
    engine, _, name = template.partition(":")
    if engine == "kajiki":
        engine = _ENGINE
    return Markup(tg.render_template(variables, engine, name))  # noqa: S704 (rendered, so escaped)


def _in_use(template: str) -> str:
    """The host's template in place of one of ours, or ours."""
    replaced = tg.config.get("_pluggable_templates_replacements", {})
    return replaced.get(template, f"kajiki:{template}")


class FragmentRenderer(RendererFactory):
    """The rendering engine for what a page shows many times: it loads a template once a request.

    Where templates are reloaded, as TurboGears does by default, Kajiki compiles one again each
    time that it is rendered.
    """

    engines = {_ENGINE: {"content_type": "text/html"}}

    @classmethod
    def create(cls, config: Any, app_globals: Any) -> dict[str, Any]:
        return {_ENGINE: cls()}

    def __call__(self, name: str, variables: dict[str, Any], **params: Any) -> str:
        loaded = tg.request.environ.setdefault("activitystream.templates", {})
        if name not in loaded:
            loader = tg.config["render_functions"]["kajiki"].loader
            loaded[name] = loader.load(name, is_fragment=True)
        return loaded[name](variables).render()
