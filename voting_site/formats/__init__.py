"""Dates and numbers of languages, where Django's own are missing or not the usual ones (FORMAT_MODULE_PATH)."""
