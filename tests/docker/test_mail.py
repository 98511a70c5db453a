"""docker/mail.yaml: who gets what for mail."""

from .files import FOLDER, load, services

MAIL = services("mail.yaml")


def test_the_worker_alone_gets_out_and_stays_on_the_private_network():
    assert {name: one["networks"] for name, one in MAIL.items() if "networks" in one} == {"worker": ["private", "mail"]}
    assert not (load("mail.yaml")["networks"]["mail"] or {}).get("internal")


def test_the_password_is_a_file_that_the_worker_alone_gets():
    readers = [name for name, one in MAIL.items() if any("PASSWORD" in key for key in one["environment"])]
    assert readers == ["worker"]
    assert "${EMAIL_HOST_USER:+/secrets/worker/email_password}" in (FOLDER / "mail.yaml").read_text()
    assert services("compose.yaml")["worker"]["volumes"] == [
        "app-secrets:/secrets/app:ro",
        "worker-secrets:/secrets/worker:ro",
    ]
