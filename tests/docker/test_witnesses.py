"""docker/witnesses.yaml: who gets out to ask witnesses."""

from .files import load, services


def test_the_worker_alone_gets_out_and_stays_on_the_private_network():
    assert services("witnesses.yaml") == {"worker": {"networks": ["private", "witnesses"]}}
    assert not (load("witnesses.yaml")["networks"]["witnesses"] or {}).get("internal")
