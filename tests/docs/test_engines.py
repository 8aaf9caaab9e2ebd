"""The guide to other template engines: each template shows our pages in the host's layout."""

import pytest
import tg
from webtest import TestApp

from activitystream import am
from tests.docs.conftest import ENGINES
from tests.helpers.documents import PROJECT, blocks

GUIDE = "docs/guides/engines.rst"

LAYOUTS = {
    "jinja": "<html><title>{% block title %}{% endblock %}</title>"
    "<body><h6>Layout</h6>{% block body %}{% endblock %}</body></html>",
    "mako": "<html><title>${self.master_title()}</title>"
    "<body><h6>Layout</h6>${self.body()}</body></html>",
    "genshi": '<html xmlns:py="http://genshi.edgewall.org/" py:strip="">'
    '<body py:match="body" once="true"><h6>Layout</h6>${select("*|text()")}</body></html>',
}


@pytest.mark.parametrize("database", ["sqlite", "mim"], indirect=True)
@pytest.mark.parametrize("engine", LAYOUTS)
def test_our_pages_are_shown_in_the_layout(namespace, project, monkeypatch, engine):
    (template,) = blocks(engine, of=[GUIDE])
    ending = ENGINES[engine]
    assert template.file == f"{PROJECT}/templates/stream.{ending}"
    (project / "templates" / f"stream.{ending}").write_text(template.text)
    (project / "templates" / f"layout.{ending}").write_text(LAYOUTS[engine])
    replaced = tg.config.setdefault("_pluggable_templates_replacements", {})

    def replace_template(base_config, ours, own):
        # This app's default engine is Kajiki.
        replaced[ours] = f"{engine}:{own}"

    monkeypatch.setattr("tgext.pluggable.replace_template", replace_template)
    (code,) = [each for each in blocks("python", of=[GUIDE]) if "replace_template" in each.text]
    exec(code.compiled(), namespace)
    am.create(namespace["author"], "liked", namespace["post"])
    namespace["save"]()
    browser = TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"})
    for path, heading in (("", "Your activity stream"), ("settings", "Notification settings")):
        page = browser.get(f"/activitystream/{path}").html
        assert page.h6.text == "Layout"
        assert heading in page.title.text
        assert heading in page.body.h1.text
