from django.urls import path

from . import data, embed_pages, views

urlpatterns = [
    path("", views.index, name="index"),
    path("oembed.json", embed_pages.oembed, name="oembed"),
    path("<slug:slug>/", views.dashboard, name="dashboard"),
    path("<slug:slug>/embed/", embed_pages.embed, name="embed"),
    path("<slug:slug>/contests/", views.contests, name="contests"),
    path("<slug:slug>/results.json", data.results_json, name="results_json"),
    path("<slug:slug>/results.csv", data.results_csv, name="results_csv"),
    path("<slug:slug>/protocol/", views.protocol, name="protocol"),
    path("<slug:slug>/ballots.csv", views.ballots_csv, name="ballots_csv"),
    path("<slug:slug>/ballots.json", views.ballots_json, name="ballots_json"),
    path("<slug:slug>/ballots-<slug:contest>.blt", views.ballots_blt, name="ballots_blt"),
    path("<slug:slug>/certified.json", views.certified_json, name="certified_json"),
]
