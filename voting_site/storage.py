"""Names of static files in an image, and in the data folder of a local Urna."""

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Give every file, even one that a script imports, a name with its hash: after an update browsers load it again."""

    support_js_module_import_aggregation = True

    def create_compressor(self, **kwargs: Any) -> Compressor:
        # Brotli takes many times as long, and would be used wherever some other package has brought it.
        return Compressor(use_brotli=False, **kwargs)
