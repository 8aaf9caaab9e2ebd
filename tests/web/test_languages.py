"""Our texts in the language of the request."""

import gettext
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest
import tg
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from tg.i18n import set_request_lang

from activitystream import am, helpers
from activitystream.model import words
from activitystream.web import days
from tests.helpers.databases import EACH_ORM, on

ROOT = Path(__file__).parents[2]
I18N = ROOT / "activitystream" / "i18n"
LANGUAGES = ["en", "it", "ru"]


def catalog(language):
    path = I18N / language / "LC_MESSAGES" / "activitystream.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


def messages(catalog):
    def hashable(text_or_plurals):
        return text_or_plurals if isinstance(text_or_plurals, str) else tuple(text_or_plurals)

    return {
        (message.context, hashable(message.id)): hashable(message.string)
        for message in catalog
        if message.id != ""
    }


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    """Return what the standard command finds, by the configuration in the repository."""
    template = tmp_path_factory.mktemp("i18n") / "activitystream.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract"]
    subprocess.run([*command, "-F", "pyproject.toml", "-o", template, "."], cwd=ROOT, check=True)
    with template.open("rb") as file:
        return set(messages(read_po(file)))


def test_extracts_messages(extracted):
    assert (None, "Mark all as seen") in extracted


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_is_complete(language, extracted):
    translations = messages(catalog(language))
    assert set(translations) == extracted
    for string in translations.values():
        assert all(string if isinstance(string, tuple) else [string])
    assert not [message.id for message in catalog(language) if message.fuzzy]
    assert not [(message.id, errors) for message, errors in catalog(language).check()]


def test_the_template_is_up_to_date(extracted):
    with (I18N / "activitystream.pot").open("rb") as file:
        assert set(messages(read_po(file))) == extracted


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogs_are_up_to_date(language):
    # The header names the release of Babel that made it, which may be another one.
    with (I18N / language / "LC_MESSAGES" / "activitystream.mo").open("rb") as file:
        shipped = read_mo(file)
    assert messages(shipped) == messages(catalog(language))
    assert shipped.plural_forms == catalog(language).plural_forms


def test_russian_has_three_plurals():
    russian = gettext.translation("activitystream", I18N, ["ru"])
    minutes = ("about %(count)d minute ago", "about %(count)d minutes ago")
    assert [russian.ngettext(*minutes, number) % {"count": number} for number in (1, 2, 5, 21)] == [
        "около 1 минуты назад",
        "около 2 минут назад",
        "около 5 минут назад",
        "около 21 минуты назад",
    ]


@on(*EACH_ORM)
@pytest.mark.parametrize(
    ("asked", "heading", "time"),
    [
        ("it", "Il tuo flusso di attività", "adesso"),
        ("it-IT,it;q=0.9,en;q=0.5", "Il tuo flusso di attività", "adesso"),
        ("ru", "Ваша лента событий", "только что"),
        ("en", "Your activity stream", "just now"),
        ("en-US,en;q=0.9,it;q=0.5", "Your activity stream", "just now"),
        ("xx", "Your activity stream", "just now"),
        ("", "Your activity stream", "just now"),
        ("it,\xff;;q=x", None, None),
    ],
)
def test_the_page_is_in_the_language_of_the_request(host, user, app, asked, heading, time):
    am.create(user, "joined")
    page = app.get("/activitystream/", headers={"Accept-Language": asked})
    if heading is not None:
        assert page.html.select("h1")[-1].text == heading
        assert page.html.select_one("li time").text == time


def test_uses_english_outside_a_request(host, user, post):
    action = am.create(user, "liked", post)
    host.database.delete(post)
    host.database.forget()
    action = am.get_by_recipient(user).first()
    assert action.timestamp_since == "less than 1 minute ago"
    assert words.ngettext("%(count)d day", "%(count)d days", 2) == "2 days"
    assert words._("anything") == "anything"


def test_verbs_are_not_translated_by_our_catalog(host, user, post, app):
    am.create(user, "deleted", post)
    page = app.get("/activitystream/", headers={"Accept-Language": "it"})
    assert "ann deleted A post" in page.html.text


def test_names_deleted_entities_in_the_language_of_the_request(host, user, app):
    note = host.save(host.model.Note(secret="x"))
    am.create(user, "liked", note)
    host.database.delete(note)
    page = app.get("/activitystream/", headers={"Accept-Language": "it"})
    assert page.html.select_one(".activitystream-line").text == "ann liked eliminato"


def test_shows_no_catalog_header_for_an_empty_verb(host, user, app):
    am.create(user, "to be emptied")
    host.database.update_actions(verb="")
    page = app.get("/activitystream/", headers={"Accept-Language": "it"})
    assert "Project-Id" not in page


@pytest.fixture
def cache_of(host, user, app):
    """Return a function that returns an action's cache in a request for these languages."""
    action = am.create(user, "joined")
    caches = []
    tg.hooks.register("before_render", lambda *_: caches.append(helpers.notification_cache(action)))

    def cache_of(asked):
        app.get("/notifications", headers={"Accept-Language": asked})
        return caches[-1]

    cache_of.action = action
    return cache_of


def test_a_notification_is_cached_by_action_and_language(cache_of):
    cache = cache_of("it")
    assert cache["key"].startswith(f"{cache_of.action._id} it ")
    assert (cache["expire"], cache["type"]) == (604800, "activitystream")
    assert cache_of("ru")["key"] != cache["key"]
    assert cache_of("it,ru;q=0.5")["key"] != cache_of("ru,it;q=0.5")["key"]


def test_unknown_languages_do_not_fill_the_cache(cache_of):
    keys = {cache_of(asked)["key"] for asked in ("it", "it-IT", "xx,it;q=0.5", "it,it-CH,it-IT")}
    assert len(keys) == 1


@on(*EACH_ORM)
@pytest.mark.parametrize(
    ("language", "unseen", "expected"),
    [
        ("it", 1, "1 nuova notifica"),
        ("it", 2, "2 nuove notifiche"),
        ("ru", 1, "1 новое уведомление"),
        ("ru", 2, "2 новых уведомления"),
        ("ru", 5, "5 новых уведомлений"),
    ],
)
def test_the_bell_is_in_the_language_of_the_request(host, user, app, language, unseen, expected):
    for number in range(unseen):
        am.create(user, f"no. {number}")
    bell = app.get("/activitystream/bell", headers={"Accept-Language": language}).html
    assert bell.select_one(".activitystream-count .activitystream-hidden").text == expected


def heading_of(host, user, moment, asked):
    """Return what the page writes above an action of that day, with plain spaces."""
    action = am.create(user, "joined")
    action.timestamp = moment
    host.save(action)
    headers = {"Accept-Language": asked} if asked else {}
    page = host.browser(user).get("/activitystream/", headers=headers)
    return " ".join(page.html.select_one("h2").text.split())


@on(*EACH_ORM)
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("en", "May 3, 2024"),
        ("en-US,en;q=0.9", "May 3, 2024"),
        ("en-GB,en;q=0.9", "3 May 2024"),
        ("en-XX", "May 3, 2024"),
        ("it", "3 maggio 2024"),
        ("it-CH,it;q=0.9", "3 maggio 2024"),
        ("ru", "3 мая 2024 г."),
    ],
)
def test_shows_dates_of_other_years_in_the_language_of_the_request(host, user, asked, expected):
    assert heading_of(host, user, datetime(2024, 5, 3, 12), asked) == expected


@on(*EACH_ORM)
@pytest.mark.parametrize(
    ("asked", "expected"),
    [("en", "May 3"), ("en-GB", "3 May"), ("it", "3 maggio"), ("ru", "3 мая")],
)
def test_shows_dates_of_this_year_without_the_year(host, user, monkeypatch, asked, expected):
    monkeypatch.setattr(days.clock, "now", lambda: datetime(2024, 6, 1))
    assert heading_of(host, user, datetime(2024, 5, 3, 12), asked) == expected


@on(*EACH_ORM)
@pytest.mark.parametrize("asked", [None, "", "*", "xx", "tlh", "de", "de,xx", "x-y-z"])
def test_shows_dates_in_english_on_a_page_in_no_other_language(host, user, asked):
    assert heading_of(host, user, datetime(2024, 5, 3, 12), asked) == "May 3, 2024"


@on(*EACH_ORM)
@pytest.mark.parametrize(
    ("hosts", "asked", "expected"),
    [
        (["de"], "de", "3. Mai 2024"),
        (["de"], "de-AT,de;q=0.9", "3. Mai 2024"),
        (["pt_BR"], "pt-BR", "3 de maio de 2024"),
        (["zh_TW"], "zh-TW", "2024年5月3日"),
        (["zh_TW"], "zh-Hant-TW", "2024年5月3日"),
        (["sr"], "sr", "3. мај 2024."),
        (["tlh"], "tlh", "May 3, 2024"),
        (["tlh", "de"], "tlh,de", "3. Mai 2024"),
        (["tlh"], "tlh,it;q=0.5", "3 maggio 2024"),
        (["tlh"], "tlh,de,ru;q=0.5", "3 мая 2024 г."),
    ],
)
def test_shows_dates_in_the_languages_of_the_host(
    host, user, tmp_path, monkeypatch, hosts, asked, expected
):
    for language in hosts:
        write_catalog(tmp_path, language, Catalog())
    monkeypatch.setitem(tg.config, "localedir", str(tmp_path))
    assert heading_of(host, user, datetime(2024, 5, 3, 12), asked) == expected


@on(*EACH_ORM)
@pytest.mark.parametrize(
    ("chosen", "expected"),
    [("sr_Latn", "3. maj 2024."), ("pt_BR", "3 de maio de 2024"), ("tlh_XX", "May 3, 2024")],
)
def test_shows_dates_in_the_language_that_the_host_chose(
    host, user, tmp_path, monkeypatch, chosen, expected
):
    write_catalog(tmp_path, chosen, Catalog())
    monkeypatch.setitem(tg.config, "localedir", str(tmp_path))

    def choose(*_):
        days.locale()  # which is looked up once
        set_request_lang([chosen])

    tg.hooks.register("before_validate", choose)
    assert heading_of(host, user, datetime(2024, 5, 3, 12), None) == expected


def test_shows_dates_in_english_outside_a_request():
    assert days.name_of(date(2024, 5, 3)) == "May 3, 2024"


def write_catalog(folder, language, catalog):
    """Translate the host into this language."""
    messages = folder / language / "LC_MESSAGES"
    messages.mkdir(parents=True)
    with (messages / "tests.helpers.host.mo").open("wb") as file:
        write_mo(file, catalog)


def test_verbs_are_shown_in_the_hosts_translation(host, user, post, tmp_path, monkeypatch):
    verbs = Catalog(locale="it")
    verbs.add("liked", "ha apprezzato")
    write_catalog(tmp_path, "it", verbs)
    monkeypatch.setitem(tg.config, "localedir", str(tmp_path))
    am.create(user, "liked", post)
    app = host.browser(user)
    app.extra_environ["HTTP_ACCEPT_LANGUAGE"] = "it"
    expected = "ann ha apprezzato A post"
    for url in ("/activitystream/", "/activitystream/newest", "/widget", "/listed"):
        assert app.get(url).html.select_one(".activitystream-line").text == expected
    (activity,) = app.get("/activitystream/stream.json").json["orderedItems"]
    assert activity["summary"] == expected
