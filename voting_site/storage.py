"""Names of static files in an image."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Give every file a name with its hash, also those that a script imports: an update then reaches every browser."""

    support_js_module_import_aggregation = True
