"""Which account here somebody has whom the provider of OpenID Connect knows."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from openid.provider import Provider

from ..member_acts import make_person
from ..models import OutsideIdentity


class Unknown(Exception):
    """The provider has said who somebody is, and there is no account for them."""


@cache
def provider() -> Provider:
    """Return the provider that the settings name for organisers."""
    return Provider(
        "openid",
        issuer=settings.OIDC_ISSUER,
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
    )


def find_account(claims: Mapping[str, Any]) -> User:
    """Return the account of somebody: known by the provider's number for them, or else by a verified e-mail address.

    Raises Unknown if there is none, or if several have the address.
    """
    subject = str(claims["sub"])
    known = OutsideIdentity.objects.select_related("user").filter(issuer=settings.OIDC_ISSUER, subject=subject).first()
    if known is not None:
        return _only_active(known.user)
    email = str(claims.get("email", ""))
    if not email or claims.get("email_verified") is not True:
        raise Unknown
    found = list(User.objects.filter(email__iexact=email)[:2])
    if len(found) > 1 or (not found and not settings.OIDC_MAKES_ACCOUNTS):
        raise Unknown
    try:
        with transaction.atomic():
            user = _only_active(found[0] if found else make_person(email))
            OutsideIdentity.objects.create(user=user, issuer=settings.OIDC_ISSUER, subject=subject)
    except (ValidationError, IntegrityError) as error:
        # No user name, or the name of another account; or somebody comes back twice at once.
        raise Unknown from error
    return user


def _only_active(user: User) -> User:
    if not (user.is_active and user.is_staff):
        raise Unknown
    return user
