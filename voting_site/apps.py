from django.apps import AppConfig


class VotingSiteConfig(AppConfig):
    name = "voting_site"

    def ready(self) -> None:
        from . import checks  # noqa: F401 -- registers them
