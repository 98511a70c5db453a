from django.urls import path

from . import api_page, data, embed_pages, installation_page, news, picture_pages, receipt_page, record_files, views

urlpatterns = [
    path("", views.index, name="index"),
    path("feed.atom", news.list_feed, name="list_feed"),
    path("openapi.json", api_page.openapi, name="openapi"),
    path("oembed.json", embed_pages.oembed, name="oembed"),
    # No address of an election has a dot.
    path("installation.log/", installation_page.installation, name="installation"),
    path("installation.log/checkpoint", record_files.checkpoint, name="installation_checkpoint"),
    path("installation.log/key", record_files.key, name="installation_key"),
    path("installation.log/witnesses", record_files.witnesses, name="installation_witnesses"),
    path("installation.log/tile/<path:path>", record_files.tile, name="installation_tile"),
    path("<slug:slug>/", views.dashboard, name="dashboard"),
    path("<slug:slug>/embed/", embed_pages.embed, name="embed"),
    path("<slug:slug>/contests/", views.contests, name="contests"),
    path("<slug:slug>/results.json", data.results_json, name="results_json"),
    path("<slug:slug>/feed.atom", news.election_feed, name="election_feed"),
    path("<slug:slug>/results.svg", picture_pages.chart_svg, name="chart_svg"),
    path("<slug:slug>/results.png", picture_pages.chart_png, name="chart_png"),
    path("<slug:slug>/card.png", picture_pages.card_png, name="card_png"),
    path("<slug:slug>/wall.json", views.wall_json, name="wall_json"),
    path("<slug:slug>/results.csv", data.results_csv, name="results_csv"),
    path("<slug:slug>/picture/<slug:picture>.webp", views.picture, name="picture"),
    path("<slug:slug>/protocol/", views.protocol, name="protocol"),
    path("<slug:slug>/ballots.csv", data.ballots_csv, name="ballots_csv"),
    path("<slug:slug>/ballots.json", data.ballots_json, name="ballots_json"),
    path("<slug:slug>/ballots-<slug:contest>.blt", data.ballots_blt, name="ballots_blt"),
    path("<slug:slug>/receipt/", receipt_page.receipt, name="receipt"),
    path("<slug:slug>/record/checkpoint", record_files.checkpoint, name="record_checkpoint"),
    path("<slug:slug>/record/key", record_files.key, name="record_key"),
    path("<slug:slug>/record/witnesses", record_files.witnesses, name="record_witnesses"),
    path("<slug:slug>/record/fates", record_files.fates, name="record_fates"),
    path("<slug:slug>/record/tile/<path:path>", record_files.tile, name="record_tile"),
    path("<slug:slug>/record/<str:receipt>.tlog-proof", record_files.proof, name="record_proof"),
    path("<slug:slug>/certified.json", data.certified_json, name="certified_json"),
]
