from django.urls import path, re_path

from .consumers import ResultsConsumer, UnknownAddress, WallConsumer

websocket_urlpatterns = [
    path("ws/<slug:slug>/", ResultsConsumer.as_asgi()),
    path("ws/<slug:slug>/wall/", WallConsumer.as_asgi()),
    re_path("", UnknownAddress.as_asgi()),
]
