"""Choose the template, ours or the host's, and render it.

Ours are Kajiki templates with a loader of our own, so the host's default engine and Kajiki options
do not change them. The host's templates may use any of its engines.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tg
from markupsafe import Markup
from tg.configuration.utils import TGConfigError
from tg.render import cached_template
from tg.renderers.base import RendererFactory
from tg.renderers.kajiki import KajikiTemplateLoader
from tg.util import DottedFileLocatorError
from tg.util.files import DottedFileNameFinder

from ..lib.groups import Group
from ..lib.options import is_plugged, option
from ..model.attempts import attempt
from .grouping import words_of_group
from .outside import is_outside

log = logging.getLogger(__name__)

_ENGINE = "activitystream"
_PREFIX = "activitystream.templates."
_OF_OURS = f"{_ENGINE}:{_PREFIX}"
_FOLDER = Path(__file__).parent.parent / "templates"

#: The templates that a host may replace. The last one has the name that 0.1.1 gave it.
_REPLACEABLE = [
    _PREFIX + name
    for name in (
        "action",
        "stream",
        "index",
        "settings",
        "bell",
        "newest",
        "partials.bootstrap_widget",
    )
]

#: Where the configuration keeps what ``replace_template`` was called with. It is private to
#: tgext.pluggable, which looks there for the templates of controllers only. Tests of replaced
#: templates fail when it changes.
_REPLACEMENTS = "_pluggable_templates_replacements"

#: What our ``index`` extends; the host's file may have another extension.
_MASTER = "master.xhtml"


def render(name: str, **variables: Any) -> Markup:
    """Render one of our templates, or the host's replacement of it, as a fragment.

    :param name: the template's name without ``activitystream.templates.``.
    :param variables: the template's variables.
    """
    return _render(_in_use(name), variables)


def action_renderer() -> Callable[[Any, Group | None], Markup]:
    """Return a function that renders an action or group by its verb's template, for one request."""
    by_verb, of_all = option("templates"), _in_use("action")

    def render_action(action: Any, group: Group | None) -> Markup:
        template = by_verb.get(action.verb)
        template = of_all if template is None else _with_engine(template, tg.config)
        variables = {"action": action, "group": group, "words_of_group": words_of_group}
        return _render(template, variables)

    return render_action


def render_page(content: Markup, title: str, named: str = "index", **variables: Any) -> Markup:
    """Render a page of ours in the host's master template, or without it if that fails.

    :param content: the content of the page.
    :param title: the title of the page.
    :param named: the name under which the host may replace the page.
    :param variables: the variables for a template of the host's that replaces ours.
    """
    head = {**statics(), "page_stylesheet_url": _static("css/page.css")}
    shown = {"content": content, "title": title, **head}
    template = _in_use(named)
    if template != _our(named):
        engine, _, name = template.partition(":")
        variables |= shown
        return Markup(tg.render_template(variables, engine, name))  # noqa: S704 (rendered HTML)
    if _has_master():
        page = attempt(
            lambda: _render(_our("index"), shown),
            Markup(),
            "The page stands alone, since the host's %s failed",
            _host_master(),
        )
        if content in page:
            return page
        if page:
            log.error("The page stands alone: %s has no block body", _host_master())
    return _render(_our("index_alone"), shown)


def statics() -> dict[str, str | None]:
    """Return the URLs of our stylesheet and script; None for one that the app does not serve."""
    return {
        "stylesheet_url": _static("css/activitystream.css"),
        "script_url": _static("javascript/activitystream.js") if is_plugged("controller") else None,
    }


def _static(name: str) -> str | None:
    """Return the URL of a file of ours; None if the app does not serve it, as in a mail."""
    if not is_plugged("statics") or is_outside():
        return None
    return tg.url(f"/_pluggable/activitystream/{name}")


def links_to_statics() -> Markup:
    """Return the elements that load our stylesheet and script, unless the page has them already."""
    urls = {} if tg.request.environ.get(_LINKED) else statics()
    tg.request.environ[_LINKED] = True
    links = {
        "stylesheet_url": Markup('<link rel="stylesheet" href="{}"/>'),
        "script_url": Markup('<script src="{}" defer="defer"></script>'),
    }
    return Markup().join(links[name].format(url) for name, url in urls.items() if url)


#: In the WSGI environment: the page loads our stylesheet and script already.
_LINKED = "activitystream.linked"


def _our(name: str) -> str:
    return f"{_OF_OURS}{name}"


def _in_use(name: str) -> str:
    """Return our template, or the host's replacement of it, as ``engine:name``."""
    replaced: dict[str, str] = tg.config.get(_REPLACEMENTS, {})
    return replaced.get(_PREFIX + name, _our(name))


def _with_engine(template: str, conf: Any) -> str:
    return template if ":" in template else f"{conf['default_renderer']}:{template}"


def _render(template: str, variables: dict[str, Any]) -> Markup:
    """Render a template as a fragment.

    :param template: as ``engine:name``.
    """
    engine, _, name = template.partition(":")
    if engine == "kajiki":
        engine = _ENGINE
    if template.startswith(_OF_OURS) and template != _our("index") and "tg_cache" not in variables:
        # Leave out TurboGears' variables: it uses none, and they take longer than an action.
        ours = tg.config["render_functions"][_ENGINE]
        return Markup(ours(name, variables))  # noqa: S704 (rendered HTML)
    fragment: dict[str, Any] = {"doctype": None} if engine == "genshi" else {}
    # The engines escape the variables.
    return Markup(tg.render_template(variables, engine, name, **fragment))  # noqa: S704 (HTML)


def _has_master() -> bool:
    folders = tg.config["paths"]["templates"] or []
    # Kajiki searches the first folder only.
    return any(Path(folder, _host_master()).is_file() for folder in folders[:1])


def _host_master() -> str:
    return f"master{_extension_of('kajiki', tg.config)}"


class TemplateEngine(RendererFactory):
    """Render all Kajiki fragments, and our pages.

    It loads a template of the host's once per request. TurboGears reloads templates by default,
    and Kajiki would then compile a template for each action of a list.
    """

    engines = {_ENGINE: {"content_type": "text/html"}}

    @classmethod
    def create(cls, config: Any, app_globals: Any) -> dict[str, Any]:
        """Return the engine by its name, as TurboGears asks for it."""
        # Do not share the loader of the host's pages: Kajiki's loader caches by name alone, and
        # would return a page where a fragment is needed, or the reverse.
        kajiki = config["rendering_engines"]["kajiki"].create(config, app_globals)["kajiki"]
        return {_ENGINE: cls(kajiki.loader)}

    def __init__(self, fragments: Any) -> None:
        """Make the engine.

        :param fragments: the loader of the host's templates.
        """
        self._ours = _OurTemplates(_FOLDER)
        self._fragments = fragments

    def __call__(
        self,
        name: str,
        variables: dict[str, Any],
        cache_key: str | None = None,
        cache_type: str | None = None,
        cache_expire: int | None = None,
    ) -> str:
        """Render a template, as TurboGears calls its engines."""
        return cached_template(
            name,
            lambda: self._load(name)(variables).render(),
            cache_key=cache_key,
            cache_type=cache_type,
            cache_expire=cache_expire,
        )

    def _load(self, name: str) -> Any:
        if name.startswith(_PREFIX):
            return self._ours.load(name, is_fragment=name != f"{_PREFIX}index_alone")
        loaded = tg.request.environ.setdefault("activitystream.templates", {})
        if name not in loaded:
            loaded[name] = self._fragments.load(name, is_fragment=True)
        return loaded[name]


class _OurTemplates(KajikiTemplateLoader):
    """Load our templates by TurboGears' defaults, and the master template as the host does."""

    def __init__(self, folder: Path) -> None:
        # Do not share the host's finder: it caches files by dotted name, without the extension.
        super().__init__(str(folder), DottedFileNameFinder(), reload=False)

    def import_(self, name: str, **options: Any) -> Any:
        """Load a template that another one extends or includes."""
        if name == _MASTER:
            return tg.config["render_functions"]["kajiki"].loader.load(_host_master())
        return super().import_(name, **options)


def check_templates(conf: dict[str, Any]) -> None:
    """Check the templates that the host configured for verbs or as replacements of ours.

    :raises TGConfigError: if a template or its engine is missing, or ours may not be replaced.
    """
    for replaced in conf.get(_REPLACEMENTS, {}):
        if replaced.rpartition(":")[2].startswith(_PREFIX) and replaced not in _REPLACEABLE:
            raise TGConfigError(
                f"replace_template(base_config, {replaced!r}, …): the templates of activitystream "
                f"that may be replaced are {', '.join(_REPLACEABLE)}"
            )
    for verb, template in conf["activitystream"]["templates"].items():
        engine, name = _with_engine(template, conf).split(":", 1)
        if engine not in _engines(conf):
            has = ", ".join(_engines(conf))
            problem = f"the app has no template engine {engine}; use one of {has}"
        elif not _exists(name, _extension_of(engine, conf), conf):
            problem = f"there is no {name}{_extension_of(engine, conf)}"
        else:
            continue
        raise TGConfigError(
            f"plug(base_config, 'activitystream', templates={{{verb!r}: {template!r}}}): {problem}"
        )


def _engines(conf: dict[str, Any]) -> list[str]:
    without_templates = {_ENGINE, *conf["rendering_engines_without_vars"]}
    return sorted(conf["render_functions"].keys() - without_templates)


def _exists(name: str, extension: str | None, conf: dict[str, Any]) -> bool:
    if extension is None:  # unknown engine: do not guess its file names
        return True
    if any(Path(folder, name).is_file() for folder in conf["paths"]["templates"] or []):
        return True
    try:
        return Path(DottedFileNameFinder.lookup(name, extension)).is_file()
    except (DottedFileLocatorError, ValueError):
        return False


def _extension_of(engine: str, conf: Any) -> str | None:
    """Return the extension that TurboGears' loader for an engine adds to a dotted name."""
    renderer = conf["render_functions"][engine]
    loader = getattr(renderer, "loader", renderer)
    return getattr(loader, "template_extension", _EXTENSIONS.get(engine))


#: The extensions of engines whose loader does not have it as an attribute.
_EXTENSIONS = {"genshi": ".html", "jinja": ".jinja"}
