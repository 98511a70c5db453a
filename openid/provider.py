"""A provider of OpenID Connect, and who somebody is there.

Authlib speaks with it: PKCE, state and nonce, and the signature of what it says.
"""

from collections.abc import Mapping
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.django_client import DjangoOAuth2App, OAuth
from authlib.integrations.requests_client import OAuth2Session
from django.http import HttpRequest
from joserfc.errors import JoseError
from requests import RequestException

# Seconds for each answer of the provider.
PATIENCE = 5
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


class Silent(Exception):
    """The provider does not answer, or not as OpenID Connect has it."""


class Refused(Exception):
    """The provider did not say who somebody is, or said it to another browser."""


class Cancelled(Refused):
    """Whoever was to sign in did not want to, or may not."""


class _StraightSession(OAuth2Session):
    """Follows no redirection: the settings name whom this role asks, and nobody else does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_redirects = 0


class _Client(DjangoOAuth2App):
    client_cls = _StraightSession


class Provider:
    """The provider that calls itself `issuer`; its addresses and keys are read once.

    `client` is Authlib's. What it needs until somebody is back stands in the session, under `key`.
    """

    def __init__(self, key: str, *, issuer: str, client_id: str, client_secret: str) -> None:
        self.issuer = issuer
        self.client = OAuth().register(
            key,
            client_cls=_Client,
            client_id=client_id,
            client_secret=client_secret,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "default_timeout": PATIENCE,
            },
        )

    def redirect(self, request: HttpRequest, back: str, **parameters: str) -> Any:
        """Return the redirection to the provider, with further parameters of its request; raises Silent."""
        try:
            self._check()
            return self.client.authorize_redirect(request, back, **parameters)
        except (RequestException, OAuthError, ValueError, RuntimeError) as error:
            raise Silent from error

    def read_claims(self, request: HttpRequest) -> Mapping[str, Any]:
        """Return what the provider says about whoever comes back from it; raises Cancelled, Refused or Silent."""
        try:
            self._check()
            token = self.client.authorize_access_token(request)
            claims = token.get("userinfo")
            if claims is None:
                raise Refused
            if "email" not in claims and "userinfo_endpoint" in self.client.server_metadata:
                more = self.client.userinfo(token=token)
                # Another person's must not be mixed in.
                claims = {**more, **claims} if more.get("sub") == claims["sub"] else claims
        except (OAuthError, JoseError) as error:
            cancelled = isinstance(error, OAuthError) and error.error == "access_denied"
            raise (Cancelled if cancelled else Refused) from error
        except (RequestException, ValueError, KeyError, RuntimeError) as error:
            raise Silent from error
        return claims

    def _check(self) -> None:
        said = self.client.load_server_metadata()
        if str(said.get("issuer", "")).rstrip("/") != self.issuer:
            raise ValueError("the provider gives itself another name than the settings do")
        # "none" signs nothing, and HMAC would make the secret of this client a key.
        offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
        said["id_token_signing_alg_values_supported"] = [name for name in offered if name in SIGNATURES]
