from django.apps import AppConfig, apps


class VotingSiteConfig(AppConfig):
    name = "voting_site"

    def ready(self) -> None:
        from django.conf import settings

        from telemetry.logs import Json, log_everything

        from . import checks  # noqa: F401 -- registers them

        if settings.LOG_FORMAT == "json" and settings.URNA_ROLE:
            log_everything(Json(role=settings.URNA_ROLE, replica=settings.REPLICA))

        if apps.is_installed("django.contrib.auth"):
            from . import admin_access  # noqa: F401 -- receives the signal of each sign-in
