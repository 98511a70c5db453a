"""Fixtures for processes that run beside the tests."""

import pytest
from django.conf import settings


@pytest.fixture
def servers() -> dict[str, str]:
    """The servers of this test run, whose tests themselves use another database."""
    options = settings.DATABASES["default"]["OPTIONS"]
    url = f"postgres://urna@/urna?host={options['host']}&port={options['port']}"
    return {"DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL, "SECRET_KEY": settings.SECRET_KEY}
