"""Policies: how they are read, what they refuse, and which witnesses are a quorum."""

from itertools import combinations

import pytest

from record.formats.encodings import Malformed, write_base64
from record.formats.keys import SignatureType, VerifierKey
from record.formats.note import InvalidSignature, NotSigned
from record.formats.policy import Group, NoQuorum, Policy

from .logs import ORIGIN, cosigned, leaves, log_key, signed, witness_key

NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
KEYS = {name: witness_key(f"{name.lower()}.example", 100 + number) for number, name in enumerate(NAMES)}
LOG_LINE = f"log {log_key().verifier_key}\n"
WITNESS_LINES = "".join(f"witness {name} {key.verifier_key}\n" for name, key in KEYS.items())
# The example of the specification.
EXAMPLE = f"""{LOG_LINE}
{WITNESS_LINES}
group X-witnesses 2 X1 X2 X3
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def read(text):
    return Policy.parse(text.encode())


class TestParse:
    def test_takes_the_example_of_the_specification(self):
        policy = read(EXAMPLE)
        assert [log.verifier.name for log in policy.logs] == [ORIGIN]
        assert tuple(policy.witnesses) == NAMES
        assert policy.groups["X-witnesses"] == Group(2, ("X1", "X2", "X3"))
        assert policy.groups["Y-witnesses"].threshold == 1
        assert policy.groups["X-and-Y"].threshold == 2
        assert policy.quorum == "X-and-Y"

    @pytest.mark.parametrize("text", ["quorum none\n", "# nothing\n\n \t \n \t# more\n\tquorum \t none \n"])
    def test_takes_white_space_comments_and_no_witness_at_all(self, text):
        assert read(text) == Policy()

    def test_takes_addresses(self):
        key = KEYS["X1"].verifier_key
        policy = read(
            f"log {log_key().verifier_key} https://log.example/\nwitness X1 {key} https://w.example\nquorum X1\n"
        )
        assert policy.logs[0].url == "https://log.example/"
        assert policy.witnesses["X1"].url == "https://w.example"

    def test_takes_what_is_defined_after_the_quorum(self):
        assert len(read("quorum none\n" + LOG_LINE + WITNESS_LINES).witnesses) == 6

    def test_takes_names_as_opaque_bytes(self):
        key = str(KEYS["X1"].verifier_key).encode()
        other = str(KEYS["X2"].verifier_key).encode()
        policy = Policy.parse(b"witness K " + key + b"\nwitness \xe2\x84\xaa " + other + b"\nquorum \xe2\x84\xaa\n")
        assert len(policy.witnesses) == 2
        assert not policy.is_met_by({"K"})
        not_utf8 = Policy.parse(b"# \xff\nwitness \xff " + key + b"\nquorum \xff\n")
        assert not_utf8.is_met_by(set(not_utf8.witnesses))

    def test_takes_as_many_as_the_specification_asks_for(self):
        lines = [f"log {VerifierKey(f'log{n}', SignatureType.ED25519, bytes([n]) * 32)}" for n in range(32)]
        lines += [f"witness w{n} {VerifierKey(f'w{n}', SignatureType.COSIGNATURE, bytes([n]) * 32)}" for n in range(32)]
        lines += [f"group g{n} any w{n}" + (f" g{n - 1}" if n else "") for n in range(32)]
        policy = read("\n".join([*lines, "quorum g31", ""]))
        assert policy.is_met_by({"w0"})

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "no quorum"),
            (LOG_LINE, "no quorum"),
            ("quorum none", "no newline"),
            (EXAMPLE[:-5] + "\n", "line 14: no witness and no group above has the name 'X-a'"),
            ("quorum none\nquorum none\n", "line 2: there is a quorum already"),
            ("quorum\n", "line 1: a quorum is one name"),
            ("quorum none none\n", "a quorum is one name"),
            ("quorum X1\n" + WITNESS_LINES, "line 1: no witness"),
            ("quorum None\n", "no witness"),
            ("Quorum none\n", "'Quorum' is none of"),
            ("quorum none # nothing\n", "a quorum is one name"),
            ("quorum none\r\n", "line 1: a control character"),
            ("quorum\x0bnone\n", "line 1: a control character"),
            ("#\x7f\nquorum none\n", "line 1: a control character"),
            ("quorum none\n\x00\n", "line 2: a control character"),
            ("quorum\xa0none\n", "is none of"),
            (LOG_LINE * 2 + "quorum none\n", "line 2: a log with the same public key"),
            (
                f"{LOG_LINE}log {log_key('another').verifier_key}\nquorum none\n",
                "line 2: a log with the same public key",
            ),
            ("log\nquorum none\n", "line 1: a log has a key"),
            (LOG_LINE[:-1] + " https://a https://b\nquorum none\n", "a log has a key"),
            ("log nonsense\nquorum none\n", "line 1: a verifier key has three parts"),
            (LOG_LINE.replace("+A", "+B") + "quorum none\n", "line 1: "),
            (WITNESS_LINES + f"witness X1 {witness_key('v', 9).verifier_key}\nquorum none\n", "the name 'X1' is taken"),
            (WITNESS_LINES + "group X1 any X2\nquorum none\n", "line 7: the name 'X1' is taken"),
            (f"witness none {KEYS['X1'].verifier_key}\nquorum none\n", "the name 'none' is taken"),
            (WITNESS_LINES + "group none any X2\nquorum none\n", "the name 'none' is taken"),
            (
                WITNESS_LINES + f"witness Z {witness_key('z.example', 100).verifier_key}\nquorum none\n",
                "line 7: a witness with the same public key",
            ),
            (f"witness L {log_key().verifier_key}\nquorum none\n", "has the type 1, and has to have 4"),
            ("witness X1\nquorum none\n", "a witness has a name and a key"),
            (WITNESS_LINES + "group g any\nquorum none\n", "a group has a name, a threshold and members"),
            (WITNESS_LINES + "group g some X1\nquorum none\n", "'some' is no threshold"),
            (WITNESS_LINES + "group g 0 X1\nquorum none\n", "a number from 1 to 1"),
            (WITNESS_LINES + "group g 3 X1 X2\nquorum none\n", "a number from 1 to 2"),
            (WITNESS_LINES + "group g -1 X1 X2\nquorum none\n", "is no threshold"),
            (WITNESS_LINES + "group g 1.0 X1 X2\nquorum none\n", "is no threshold"),
            (WITNESS_LINES + f"group g {'9' * 5000} X1 X2\nquorum none\n", "is no threshold"),
            (WITNESS_LINES + "group g any none\nquorum none\n", "no witness and no group above has the name 'none'"),
            (WITNESS_LINES + "group g any g\nquorum none\n", "'g'"),
            (WITNESS_LINES + "group g any h\ngroup h any X1\nquorum none\n", "line 7: no witness"),
            (WITNESS_LINES + "group g any X1 X1\nquorum none\n", "'X1' is a member already"),
            (WITNESS_LINES + "group g any X1\ngroup h any X1\nquorum none\n", "line 8: 'X1' is a member already"),
        ],
    )
    def test_refuses_what_is_no_policy(self, text, reason):
        with pytest.raises(Malformed, match=reason):
            Policy.parse(text.encode())

    def test_refuses_a_witness_of_a_type_that_cannot_be_checked(self):
        # Left out, its group would be smaller than its author meant.
        key = f"w+00000000+{write_base64(bytes([6]) + bytes(1312))}"
        with pytest.raises(Malformed, match="line 1: keys of the signature type 0x06 cannot be used here"):
            read(f"witness w {key}\nquorum none\n")

    def test_refuses_a_key_whose_name_is_no_utf8(self):
        with pytest.raises(Malformed, match="line 1"):
            Policy.parse(b"log \xff+00000000+AQ==\nquorum none\n")

    def test_refuses_a_policy_that_is_too_long(self):
        with pytest.raises(Malformed, match="are the most"):
            Policy.parse(b"#" * 1_000_001)


class TestQuorum:
    def test_of_the_example_is_two_of_three_and_one_of_three(self):
        policy = read(EXAMPLE)
        for number in range(7):
            for some in combinations(NAMES, number):
                from_x = sum(name.startswith("X") for name in some)
                assert policy.is_met_by(some) == (from_x >= 2 and number - from_x >= 1)

    def test_of_a_single_witness_is_that_one(self):
        policy = read(WITNESS_LINES + "quorum X2\n")
        assert policy.is_met_by({"X2"})
        assert not policy.is_met_by({"X1", "X3"})

    def test_of_none_is_nobody(self):
        assert read(WITNESS_LINES + "quorum none\n").is_met_by(())

    def test_is_not_met_by_the_name_of_a_group(self):
        assert not read(EXAMPLE).is_met_by({"X-and-Y", "X-witnesses", "Y-witnesses", "nobody"})


class TestJudge:
    @pytest.mark.parametrize("names", [("X1", "X3", "Y2"), NAMES])
    def test_believes_a_checkpoint_with_a_quorum(self, names):
        data = cosigned(signed(leaves(5)), *(KEYS[name] for name in names))
        judged = read(EXAMPLE).judge(data)
        assert judged.checkpoint.size == 5
        assert judged.witnesses == set(names)

    @pytest.mark.parametrize("names", [(), ("X1", "X2"), ("X1", "Y1", "Y2", "Y3")])
    def test_refuses_one_without(self, names):
        data = cosigned(signed(leaves(5)), *(KEYS[name] for name in names))
        with pytest.raises(NoQuorum, match=", ".join(names) or "nobody"):
            read(EXAMPLE).judge(data)

    def test_does_not_count_one_witness_twice(self):
        twice = cosigned(signed(leaves(5)), KEYS["X1"], KEYS["X1"], KEYS["Y1"])
        with pytest.raises(NoQuorum):
            read(EXAMPLE).judge(twice)

    def test_does_not_count_another_key_under_the_name_of_a_witness(self):
        data = cosigned(signed(leaves(5)), witness_key("x1.example", 200), KEYS["X2"], KEYS["Y1"])
        with pytest.raises(NoQuorum, match="cosigned by X2, Y1"):
            read(EXAMPLE).judge(data)

    def test_refuses_one_of_another_log(self):
        with pytest.raises(NotSigned, match=r"other\.example is no log of the policy"):
            read(LOG_LINE + "quorum none\n").judge(signed(leaves(5), origin="other.example"))

    def test_refuses_one_that_its_log_has_not_signed(self):
        with pytest.raises(NotSigned):
            read(LOG_LINE + "quorum none\n").judge(signed(leaves(5), key=log_key(seed=2)))

    def test_does_not_take_one_log_for_another(self):
        other = log_key("other.example", 2)
        policy = read(f"{LOG_LINE}log {other.verifier_key}\nquorum none\n")
        with pytest.raises(NotSigned):
            policy.judge(signed(leaves(5), key=other))
        assert policy.judge(signed(leaves(5), origin="other.example", key=other))

    def test_refuses_one_with_a_wrong_cosignature(self):
        data = cosigned(signed(leaves(5)), KEYS["X1"]).replace(b"\n5\n", b"\n6\n")
        with pytest.raises(InvalidSignature):
            read(EXAMPLE).judge(data)

    def test_without_logs_believes_nothing(self):
        with pytest.raises(NotSigned):
            Policy().judge(signed(leaves(5)))
