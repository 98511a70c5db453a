from django.urls import path

from . import views

urlpatterns = [
    path("", views.index, name="index"),
    path("<slug:slug>/", views.dashboard, name="dashboard"),
    path("<slug:slug>/contests/", views.contests, name="contests"),
    path("<slug:slug>/results.json", views.results_json, name="results_json"),
    path("<slug:slug>/results.csv", views.results_csv, name="results_csv"),
    path("<slug:slug>/protocol/", views.protocol, name="protocol"),
    path("<slug:slug>/ballots.csv", views.ballots_csv, name="ballots_csv"),
    path("<slug:slug>/ballots.json", views.ballots_json, name="ballots_json"),
    path("<slug:slug>/ballots-<slug:contest>.blt", views.ballots_blt, name="ballots_blt"),
    path("<slug:slug>/certified.json", views.certified_json, name="certified_json"),
]
