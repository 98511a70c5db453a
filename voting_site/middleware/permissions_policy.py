"""What a page may use of a device (Permissions-Policy): nothing of what the settings name."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_permissions_policy import PermissionsPolicyMiddleware

from .documents import is_page


class PagePermissionsMiddleware(PermissionsPolicyMiddleware):
    """Give pages the policy; on any other answer its 450 bytes would say nothing to a browser."""

    async_capable = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: Any = super().__call__(request)
        if not is_page(response):
            del response.headers["Permissions-Policy"]
        return response
