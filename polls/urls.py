from django.urls import path

from . import views

urlpatterns = [
    path("", views.index, name="index"),
    path("<slug:slug>/", views.BallotView.as_view(), name="ballot"),
    path("<slug:slug>/cast/", views.cast, name="cast"),
    path("<slug:slug>/cast/state.json", views.cast_state, name="cast_state"),
]
