"""A real proxy in front of Urna: nginx, as deployment.md has it."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

import pytest

from tests.voting_site.processes import DEADLINE, answers, wait_until
from voting_site.local.ports import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  map $http_upgrade $connection_upgrade {{ default upgrade; "" close; }}
  server {{ listen 127.0.0.1:{port}; {places} {sockets} location = /healthz {{ return 200; }} }}
  server {{ listen 127.0.0.1:{deaf_port}; {places} location = /healthz {{ return 200; }} }}
}}
"""
PLACE = "location {prefix}/ {{ proxy_pass http://127.0.0.1:{port}; {more} }}"
# A place with headers of its own has none of the others'.
SOCKETS = """
  proxy_set_header Host $http_host;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;
"""


class Nginx:
    """nginx that has each role under a path of one host; `deaf_port` is a second one that passes on no socket."""

    def __init__(self, folder: Path, port: int, prefixes: dict[str, str]) -> None:
        """Listen on `port`; `prefixes` has the paths of roles."""
        if NGINX is None:
            if os.environ.get("CI") == "true":
                pytest.fail("there is no nginx; .ci/run has to install it")
            pytest.skip("there is no nginx: install Debian's nginx-light")
        self._folder, self.port, self.deaf_port, self._prefixes = folder, port, free_port(), prefixes

    def serve(self, ports: dict[str, int]) -> Self:
        """Pass requests on to the roles at these ports."""
        places = [PLACE.format(prefix=prefix, port=ports[role], more="") for role, prefix in self._prefixes.items()]
        sockets = PLACE.format(prefix=f"{self._prefixes['result']}/ws", port=ports["result"], more=SOCKETS)
        text = CONFIGURATION.format(
            folder=self._folder, port=self.port, deaf_port=self.deaf_port, places=" ".join(places), sockets=sockets
        )
        file = self._folder / "nginx.conf"
        file.write_text(text)
        assert NGINX
        self._process = subprocess.Popen(
            [NGINX, "-p", str(self._folder), "-e", f"{self._folder}/error.log", "-c", str(file)]
        )
        wait_until(lambda: answers(self.port), "nginx answers")
        return self

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE)
