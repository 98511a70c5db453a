from django.apps import AppConfig


class RecordConfig(AppConfig):
    name = "record"

    def ready(self) -> None:
        from tally import recorder

        from .recorder import PublicRecorder

        recorder.use(PublicRecorder())
