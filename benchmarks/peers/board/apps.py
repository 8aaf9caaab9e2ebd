from django.apps import AppConfig


class BoardConfig(AppConfig):
    name = "benchmarks.peers.board"

    def ready(self):
        from actstream import registry
        from django.contrib.auth.models import User

        registry.register(User, self.get_model("Post"))
