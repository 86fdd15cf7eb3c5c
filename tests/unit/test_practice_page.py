"""The practice page's files and the policy under which they are served."""

import re
from importlib.resources import files

import pytest
from pydantic import SecretStr

from api.settings import ApiSettings
from api.web.files import INDEX, read_files
from api.web.policy import security_headers
from local.settings import LauncherSettings
from shared.s3 import S3AudioStore
from shared.settings import S3Settings

FILES = read_files()
SOURCE = {name: file.content.decode() for name, file in FILES.items()}
MODULES = {name for name in FILES if name.endswith(".js")}
IMPORT = re.compile(r"^(?:import|export) .*?from \"\./(.+?)\";", re.MULTILINE)
LABEL_KEY = re.compile(r"^  \"([a-z._]+)\": \[\s*(\".*?\"),\s*(\".*?\"),?\s*\],$", re.MULTILINE | re.DOTALL)
# What may be a key's use: whole strings of this form, here and there with a part that is put in.
USED = re.compile(r"[\"`]((?:[a-z]+\.)?[a-z_]+)[\"`]")
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser")


def test_the_index_names_every_module_once() -> None:
    named = re.findall(r"(?:href|src)=\"practice/(.+?\.js)\"", SOURCE[INDEX])

    assert sorted(named) == sorted(MODULES)


def test_every_import_is_a_file_of_the_page() -> None:
    imported = {name for source in SOURCE.values() for name in IMPORT.findall(source)}

    assert imported
    assert imported <= MODULES


def test_nothing_makes_markup_from_text_or_runs_what_is_no_module() -> None:
    assert [name for name in MODULES if MARKUP.search(SOURCE[name])] == []
    assert not re.search(r"<script(?! type=\"module\" src=)|<style|\sstyle=|\son[a-z]+=", SOURCE[INDEX])
    assert not re.search(r"(?:https?:)?//[a-z]", re.sub(r"<!--.*?-->", "", SOURCE[INDEX]))


def test_every_label_is_there_in_both_languages_and_shown_somewhere() -> None:
    labels = {key: (english, hindi) for key, english, hindi in LABEL_KEY.findall(SOURCE["labels.js"])}
    written = set(re.findall(r"^  \"([a-z._]+)\": \[", SOURCE["labels.js"], re.MULTILINE))
    elsewhere = "".join(source for name, source in SOURCE.items() if name != "labels.js")
    shown = set(re.findall(r"data-(?:label|name)=\"([a-z._]+)\"", SOURCE[INDEX])) | set(
        USED.findall(elsewhere)
    )
    put_together = re.compile(r"(?:category|microphone|problem|warning)\..+|learn\.(?:open|repaired)")

    assert labels.keys() == written
    assert all(re.search("[\u0900-\u097f]", hindi) for _, hindi in labels.values())
    places = re.compile(r"\{(\w+)\}")
    assert all(
        set(places.findall(english)) == set(places.findall(hindi)) for english, hindi in labels.values()
    )
    assert {key for key in labels if key not in shown and not put_together.fullmatch(key)} == set()
    used = {
        key
        for key in shown
        if "." in key and key.partition(".")[0] in {each.partition(".")[0] for each in labels}
    }
    events = re.compile(r"(?:job|reply|speech|transcript)\..+")
    assert {key for key in used - labels.keys() if not events.fullmatch(key)} == set()


def test_the_whole_page_is_small() -> None:
    assert sum(len(file.compressed) for file in FILES.values()) < 50_000


def test_the_folder_has_no_file_of_another_kind() -> None:
    assert {entry.name for entry in (files("api.web") / "practice").iterdir()} == set(FILES)


def test_the_policy_allows_the_pages_own_code_alone() -> None:
    policy = security_headers(None)["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        (None, "https://recordings.s3.ap-south-1.amazonaws.com/"),
        ("https://store.example:9000", "https://store.example:9000/recordings/"),
    ],
)
def test_with_s3_the_policy_names_the_bucket_for_sounds(endpoint: str | None, address: str) -> None:
    settings = S3Settings("recordings", "ap-south-1", SecretStr("id"), SecretStr("secret"), endpoint)
    store = S3AudioStore(settings)
    try:
        assert store.address() == address
    finally:
        store.close()

    policy = security_headers(address)["Content-Security-Policy"]
    assert f"connect-src 'self' {address};" in policy
    assert f"media-src 'self' {address};" in policy
    assert "script-src 'self';" in policy


def test_the_page_is_on_in_dev_and_in_prod_when_asked_for() -> None:
    prod = {"app_env": "prod", "audio_signing_key": "k", "access_secrets": "s" * 32}

    assert ApiSettings(_env_file=None).practice_page
    assert not ApiSettings(_env_file=None, practice_page=False).practice_page
    assert not ApiSettings.model_validate(prod).practice_page
    assert ApiSettings.model_validate({**prod, "practice_page": True}).practice_page


def test_a_newcomer_begins_with_the_page_where_there_is_one() -> None:
    assert LauncherSettings(_env_file=None).first_page == "http://localhost:8000/practice"
    assert LauncherSettings(_env_file=None, practice_page=False).first_page == "http://localhost:8000/docs"
