"""What the same servers do at best: settings of `vote` with one view more, which returns "ok"."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from bench.crowd import OK_PATH
from voting_site.urls.vote import *  # noqa: F403
from voting_site.urls.vote import urlpatterns as vote_urls


def ok(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path(OK_PATH.lstrip("/"), ok), *vote_urls]
