"""What Django answers."""

from django.urls import path

from rooms import views

urlpatterns = [
    path("healthz", views.healthz),
    path("rooms/<str:room>", views.room),
]
