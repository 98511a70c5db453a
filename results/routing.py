from django.urls import path

from .consumers import ResultsConsumer

websocket_urlpatterns = [path("ws/<slug:slug>/", ResultsConsumer.as_asgi())]
