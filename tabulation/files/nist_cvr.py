"""Cast vote records in JSON by NIST Special Publication 1500-103, version 1.0 (2019); written, not read.

Each ballot is a record of its own. A rank stands with its option, a score as its number of votes. Where options are
chosen and not ranked, they have no rank.
"""

import json
from collections.abc import Iterator

from ..sentences import gettext_noop as _
from .content import Content, Kind, Marking
from .sentences import NotWritable

# Words of the enumeration VoteVariation under which options have ranks; `other` names a method that it does not know.
_RANKED = ("rcv", "borda", "other")
# Each record has some hundred bytes.
MOST_RECORDS = 10_000_000


def write(content: Content, generated: str, *, variation: str = "", method: str = "") -> Iterator[str]:
    """Write all ballots; raises NotWritable if they are too many.

    `generated` is the date and time of the report, as in 2026-05-01T12:00:00Z. It comes last, so that records are
    written one by one. `variation` is a word of VoteVariation, by default that of rankings or of scores; `method` is
    the name for `other`.
    """
    variation = variation or ("rcv" if content.kind is Kind.RANKINGS else "range")
    if content.total > MOST_RECORDS:
        raise NotWritable(
            _("there are %(total)s ballots, and at most %(most)s are written one by one"),
            total=content.total,
            most=MOST_RECORDS,
        )
    yield '{"@type":"CVR.CastVoteRecordReport","Version":"1.0.0","CVR":['
    number = 0
    for marking, weight in content.in_order():
        selections = json.dumps(_selections(marking, content.kind, variation), separators=(",", ":"))
        for _copy in range(weight):
            number += 1
            yield (
                ("," if number > 1 else "")
                + f'\n{{"@type":"CVR.CVR","ElectionId":"election","UniqueId":"{number}",'
                + f'"CurrentSnapshotId":"s{number}","CVRSnapshot":[{{"@type":"CVR.CVRSnapshot",'
                + f'"@id":"s{number}","Type":"original","CVRContest":'
                + f'[{{"@type":"CVR.CVRContest","ContestId":"contest","CVRContestSelection":{selections}}}]}}]}}'
            )
    rest = json.dumps(_facts(content, generated, variation, method), ensure_ascii=False, indent=1)
    yield "],\n" + rest[1:].lstrip() + "\n"


def _selections(marking: Marking, kind: Kind, variation: str) -> list[dict[str, object]]:
    if kind is Kind.SCORES:
        return [_selection(option, votes=score) for option, score in enumerate(marking) if isinstance(score, int)]
    return [
        _selection(option, rank=rank if variation in _RANKED else None)
        for rank, group in enumerate(marking, 1)
        if isinstance(group, tuple)
        for option in group
    ]


def _selection(option: int, *, votes: int = 1, rank: int | None = None) -> dict[str, object]:
    ranked = {"Rank": rank} if rank else {}
    return {
        "@type": "CVR.CVRContestSelection",
        "ContestSelectionId": f"selection-{option + 1}",
        **ranked,
        "SelectionPosition": [
            {"@type": "CVR.SelectionPosition", "HasIndication": "yes", "NumberVotes": votes, **ranked},
        ],
    }


def _facts(content: Content, generated: str, variation: str, method: str) -> dict[str, object]:
    contest = {
        "@type": "CVR.CandidateContest",
        "@id": "contest",
        "Name": content.title,
        "NumberElected": content.seats or 1,
        "VoteVariation": variation,
        **({"OtherVoteVariation": method} if method else {}),
        "ContestSelection": [
            {
                "@type": "CVR.CandidateSelection",
                "@id": f"selection-{number}",
                "CandidateIds": [f"candidate-{number}"],
            }
            for number in range(1, len(content.names) + 1)
        ],
    }
    return {
        "Election": [
            {
                "@type": "CVR.Election",
                "@id": "election",
                "Name": content.title,
                "ElectionScopeId": "scope",
                "Candidate": [
                    {"@type": "CVR.Candidate", "@id": f"candidate-{number}", "Name": name}
                    for number, name in enumerate(content.names, 1)
                ],
                "Contest": [contest],
            }
        ],
        "GeneratedDate": generated,
        "GpUnit": [{"@type": "CVR.GpUnit", "@id": "scope", "Type": "other", "OtherType": "election"}],
        "Party": [],
        "ReportGeneratingDeviceIds": ["urna"],
        "ReportingDevice": [{"@type": "CVR.ReportingDevice", "@id": "urna", "Application": "Urna"}],
    }
