"""Names of static files in an image."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Give every file, even one that a script imports, a name with its hash: after an update browsers load it again."""

    support_js_module_import_aggregation = True
