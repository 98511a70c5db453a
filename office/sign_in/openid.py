"""Who somebody is at the provider of OpenID Connect, and which account that is here.

Authlib speaks with the provider: PKCE, state and nonce, and the signature of what it says.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.django_client import DjangoOAuth2App, OAuth
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from joserfc.errors import JoseError
from requests import RequestException

from ..member_acts import make_person
from ..models import OutsideIdentity

# Seconds for each answer of the provider.
PATIENCE = 5
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


class Silent(Exception):
    """The provider does not answer, or not as OpenID Connect has it."""


class Refused(Exception):
    """The provider did not say who somebody is, or said it to another browser."""


class Unknown(Exception):
    """The provider has said who somebody is, and there is no account for them."""


class _StraightSession(OAuth2Session):
    """Follows no redirection: the settings name whom this role asks, and nobody else does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_redirects = 0


class _Client(DjangoOAuth2App):
    client_cls = _StraightSession


@cache
def provider() -> Any:
    """Return the client of the provider that the settings name; its addresses and keys are read once."""
    registered = OAuth().register(
        "openid",
        client_cls=_Client,
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        server_metadata_url=f"{settings.OIDC_ISSUER}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": PATIENCE,
        },
    )
    return registered


def redirect_to_provider(request: HttpRequest, back: str) -> Any:
    """Return the redirection to the provider; raises Silent."""
    try:
        _check_provider()
        return provider().authorize_redirect(request, back)
    except (RequestException, OAuthError, ValueError, RuntimeError) as error:
        raise Silent from error


def read_claims(request: HttpRequest) -> Mapping[str, Any]:
    """Return what the provider says about whoever comes back from it; raises Refused or Silent."""
    try:
        _check_provider()
        token = provider().authorize_access_token(request)
        claims = token.get("userinfo")
        if claims is None:
            raise Refused
        if "email" not in claims and "userinfo_endpoint" in provider().server_metadata:
            more = provider().userinfo(token=token)
            # Another person's must not be mixed in.
            claims = {**more, **claims} if more.get("sub") == claims["sub"] else claims
    except (OAuthError, JoseError) as error:
        raise Refused from error
    except (RequestException, ValueError, KeyError, RuntimeError) as error:
        raise Silent from error
    return claims


def _check_provider() -> None:
    said = provider().load_server_metadata()
    if str(said.get("issuer", "")).rstrip("/") != settings.OIDC_ISSUER:
        raise ValueError("the provider gives itself another name than OIDC_ISSUER")
    # "none" signs nothing, and HMAC would make the secret of this client a key.
    offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
    said["id_token_signing_alg_values_supported"] = [name for name in offered if name in SIGNATURES]


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
