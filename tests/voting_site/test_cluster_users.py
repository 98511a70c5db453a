"""The users of a cluster that has the ballot box: what a role may do there is what it may do in one Redis."""

from voting_site.rights.cluster_users import write_cluster_acl
from voting_site.rights.redis_users import write_acl
from voting_site.roles import ROLES

from .processes import run

CLUSTER = {f"{role.upper()}_BALLOT_BOX_URL": f"redis+cluster://{role}:{role}-word@a:1,b:2" for role in ROLES}
SERVERS = {"DATABASE_URL": "postgres://x@127.0.0.1:9/x", "REDIS_URL": "redis://127.0.0.1:9/0", "SECRET_KEY": "k" * 60}


def test_have_the_keys_of_the_box_under_their_names_in_a_cluster():
    for line in write_cluster_acl().splitlines():
        assert "urna:epoch" not in line
        assert "urna:definitions" not in line
    assert "(%R~urna:{box}:definitions +hget +hvals)" in write_cluster_acl()


def test_may_do_nothing_else_but_find_their_way():
    for one, other in zip(write_acl().splitlines(), write_cluster_acl().splitlines(), strict=True):
        more = other.replace("urna:{box}:", "urna:").removeprefix(one)
        allowed = " +cluster|slots +command +asking"
        assert more in ("", allowed, f"{allowed} (~urna:agreed +hget +hset +hdel)")


class TestCommand:
    def test_prints_a_line_for_each_user_with_the_hash_of_the_password(self):
        urls = CLUSTER | {"BALLOT_BOX_URL": "redis+cluster://operator:word@a:1"}
        printed = run("cluster_users", **SERVERS, **urls)
        passwords = {role: f"{role}-word" for role in ROLES} | {"operator": "word"}
        assert printed.stdout == write_cluster_acl(passwords)

    def test_names_the_address_that_has_no_password(self):
        urls = CLUSTER | {"BALLOT_BOX_URL": "redis+cluster://operator@a:1"}
        tried = run("cluster_users", **SERVERS, **urls)
        assert tried.returncode != 0
        assert "BALLOT_BOX_URL has no password for operator" in tried.stderr
