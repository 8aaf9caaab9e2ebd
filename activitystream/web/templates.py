"""Which template shows what, and how any of them becomes HTML.

Ours are written for Kajiki, and loaded by a loader of our own: they look the same whatever the
host's default engine is, and its options for Kajiki. Those of the host may be of any engine that it
has.
"""

import logging
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

from ..lib.options import is_plugged, option
from ..model.attempts import attempt

log = logging.getLogger(__name__)

_ENGINE = "activitystream"
_OURS = "activitystream.templates."
_FOLDER = Path(__file__).parent.parent / "templates"

#: Those that a host may replace; 0.1.1 had the last one, under this name.
_REPLACEABLE = [
    _OURS + name
    for name in ("action", "stream", "index", "bell", "newest", "partials.bootstrap_widget")
]

#: What our ``index`` extends. The host's may have another extension.
_MASTER = "master.xhtml"


def render(name: str, **variables: Any) -> Markup:
    """A fragment, by a template of ours or what the host put in its place.

    :param name: what follows ``activitystream.templates.``.
    """
    return _render(_in_use(name), variables)


def render_action(action: Any) -> Markup:
    """An action, by the template of its verb."""
    template = option("templates").get(action.verb)
    if template is None:
        return render("action", action=action)
    return _render(_with_engine(template, tg.config), {"action": action})


def render_page(content: Markup, **variables: Any) -> Markup:
    """The stream's own page, in the host's master template; alone if that does not show it.

    :param content: what the page shows.
    :param variables: for a template that the host put in the place of ours.
    """
    template = _in_use("index")
    if template != _our("index"):
        engine, _, name = template.partition(":")
        return Markup(tg.render_template(variables, engine, name))  # noqa: S704 (it is rendered)
    shown = {"content": content, **statics()}
    if _has_master():
        page = attempt(
            lambda: _render(template, shown),
            Markup(),
            "The stream's page stands alone, since the host's %s failed",
            _host_master(),
        )
        if content in page:
            return page
        if page:
            log.error("The stream's page stands alone: %s has no block body", _host_master())
    return _render(_our("index_alone"), shown)


def statics() -> dict[str, str | None]:
    """The URLs of our stylesheet and script, each None where it is of no use to the app."""
    folder = tg.url("/_pluggable/activitystream") if is_plugged("statics") else None
    scripted = folder is not None and is_plugged("controller")
    return {
        "stylesheet_url": folder and f"{folder}/css/activitystream.css",
        "script_url": f"{folder}/javascript/activitystream.js" if scripted else None,
    }


def _our(name: str) -> str:
    return f"{_ENGINE}:{_OURS}{name}"


def _in_use(name: str) -> str:
    """The template of the host's in place of one of ours, or ours, as ``engine:name``."""
    replaced: dict[str, str] = tg.config.get("_pluggable_templates_replacements", {})
    return replaced.get(_OURS + name, _our(name))


def _with_engine(template: str, conf: Any) -> str:
    return template if ":" in template else f"{conf['default_renderer']}:{template}"


def _render(template: str, variables: dict[str, Any]) -> Markup:
    """
    :param template: as ``engine:name``.
    """
    engine, _, name = template.partition(":")
    if engine == "kajiki":
        engine = _ENGINE
    fragment: dict[str, Any] = {"doctype": None} if engine == "genshi" else {}
    # What is rendered is escaped.
    return Markup(tg.render_template(variables, engine, name, **fragment))  # noqa: S704


def _has_master() -> bool:
    folders = tg.config["paths"]["templates"] or []
    return any(Path(folder, _host_master()).is_file() for folder in folders[:1])  # Kajiki's


def _host_master() -> str:
    return f"master{_extension_of('kajiki', tg.config)}"


class TemplateEngine(RendererFactory):
    """The rendering engine of all fragments in Kajiki, and of our pages.

    It loads a template of the host's once a request: where templates are reloaded, as TurboGears
    does by default, Kajiki compiles one again each time that it is rendered.
    """

    engines = {_ENGINE: {"content_type": "text/html"}}

    @classmethod
    def create(cls, config: Any, app_globals: Any) -> dict[str, Any]:
        # Apart from the host's pages: Kajiki's loader gives a fragment for a page, or a page for a
        # fragment, if it has loaded that before.
        kajiki = config["rendering_engines"]["kajiki"].create(config, app_globals)["kajiki"]
        return {_ENGINE: cls(kajiki.loader)}

    def __init__(self, fragments: Any) -> None:
        """
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
        return cached_template(
            name,
            lambda: self._load(name)(variables).render(),
            cache_key=cache_key,
            cache_type=cache_type,
            cache_expire=cache_expire,
        )

    def _load(self, name: str) -> Any:
        if name.startswith(_OURS):
            return self._ours.load(name, is_fragment=name != f"{_OURS}index_alone")
        loaded = tg.request.environ.setdefault("activitystream.templates", {})
        if name not in loaded:
            loaded[name] = self._fragments.load(name, is_fragment=True)
        return loaded[name]


class _OurTemplates(KajikiTemplateLoader):
    """Loads our templates by TurboGears' defaults, and what they extend as the host does."""

    def __init__(self, folder: Path) -> None:
        # A finder of our own: it remembers files by dotted names, whatever the extension.
        super().__init__(str(folder), DottedFileNameFinder(), reload=False)

    def import_(self, name: str, **options: Any) -> Any:
        if name == _MASTER:
            return tg.config["render_functions"]["kajiki"].loader.load(_host_master())
        return super().import_(name, **options)


def check_templates(conf: dict[str, Any]) -> None:
    """
    :raises TGConfigError: if the host lacks a template that it gave for a verb, or its engine, or
        replaces one of ours that is none.
    """
    for replaced in conf.get("_pluggable_templates_replacements", {}):
        if replaced.rpartition(":")[2].startswith(_OURS) and replaced not in _REPLACEABLE:
            raise TGConfigError(
                f"replace_template(base_config, {replaced!r}, …): the templates of activitystream "
                f"that may be replaced are {', '.join(_REPLACEABLE)}"
            )
    for verb, template in conf["activitystream"]["templates"].items():
        engine, name = _with_engine(template, conf).split(":", 1)
        if engine not in _engines(conf):
            has = ", ".join(_engines(conf))
            problem = f"there is no template engine {engine} among the app's, which are {has}"
        elif not _is_there(name, _extension_of(engine, conf), conf):
            problem = f"there is no {name}{_extension_of(engine, conf)}"
        else:
            continue
        raise TGConfigError(
            f"plug(base_config, 'activitystream', templates={{{verb!r}: {template!r}}}): {problem}"
        )


def _engines(conf: dict[str, Any]) -> list[str]:
    without_templates = {_ENGINE, *conf["rendering_engines_without_vars"]}
    return sorted(conf["render_functions"].keys() - without_templates)


def _is_there(name: str, extension: str | None, conf: dict[str, Any]) -> bool:
    if extension is None:  # an engine that we don't know
        return True
    if any(Path(folder, name).is_file() for folder in conf["paths"]["templates"] or []):
        return True
    try:
        return Path(DottedFileNameFinder.lookup(name, extension)).is_file()
    except (DottedFileLocatorError, ValueError):
        return False


def _extension_of(engine: str, conf: Any) -> str | None:
    """What TurboGears' loader for an engine puts behind a dotted name."""
    renderer = conf["render_functions"][engine]
    loader = getattr(renderer, "loader", renderer)
    return getattr(loader, "template_extension", _EXTENSIONS.get(engine))


#: Of the engines that don't tell.
_EXTENSIONS = {"genshi": ".html", "jinja": ".jinja"}
