"""Addresses of signing in to vote; `<provider>/back/` is the one to name at the provider."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.index, name="index"),
    path("<slug:provider>/", views.start, name="signin_start"),
    path("<slug:provider>/back/", views.come_back, name="signin_back"),
]
