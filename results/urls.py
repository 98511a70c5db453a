from django.urls import path

from . import views

urlpatterns = [
    path("", views.index, name="index"),
    path("<slug:slug>/", views.dashboard, name="dashboard"),
    path("<slug:slug>/contests/", views.contests, name="contests"),
    path("<slug:slug>/results.json", views.results_json, name="results_json"),
]
