from django.urls import path

from . import code_views, confirmation_views, first_page, picture_view, views
from .kiosk import views as kiosk_views
from .sign_in import views as sign_in_views

urlpatterns = [
    path("", first_page.index, name="index"),
    path("<slug:typed>", first_page.find, name="short_address"),
    path("<slug:slug>/", views.BallotView.as_view(), name="ballot"),
    path("<slug:slug>/code/", code_views.CodeView.as_view(), name="code"),
    path("<slug:slug>/sign-in/", sign_in_views.go_on, name="go_on"),
    path("<slug:slug>/sign-in/<slug:provider>/", sign_in_views.start, name="sign_in_with"),
    path("<slug:slug>/signed-in/", sign_in_views.come_back, name="signed_in"),
    path("<slug:slug>/finish/", code_views.finish, name="finish"),
    path("<slug:slug>/kiosk/", kiosk_views.OpenView.as_view(), name="kiosk"),
    path("<slug:slug>/kiosk/leave/", kiosk_views.leave, name="leave_kiosk"),
    path("<slug:slug>/cast/", confirmation_views.cast, name="cast"),
    path("<slug:slug>/cast/receipt/", confirmation_views.receipt, name="cast_receipt"),
    path("<slug:slug>/cast/state.json", confirmation_views.cast_state, name="cast_state"),
    path("<slug:slug>/picture/<slug:picture>.webp", picture_view.show_picture, name="picture"),
]
