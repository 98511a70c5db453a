"""Ranks as people and forms write them, in English and Spanish: `1`, `1st choice`, `Rank 2`, `3.ª opción`."""

import re
import unicodedata

# Characters of what can be a rank.
LONGEST = 60

_NOUN = (
    r"(?:choice|rank|ranking|preference|place|position|option"
    r"|opcion|preferencia|puesto|lugar|posicion|eleccion)"
)
# After folding, as in "1.a".
_SUFFIX = r"(?:st|nd|rd|th|[oa]|er|ra|ro|da|do|ta|to|ma|mo|va|vo|na|no)"
_NUMBER = re.compile(rf"(?:{_NOUN}\s*)?#?(\d{{1,4}})[.)]?\s*(?:{_SUFFIX}\b\.?)?\s*{_NOUN}?(?:\s*\(.*\))?", re.ASCII)
_WORD = re.compile(rf"(?:{_NOUN}\s*)?([a-z]+)\s*{_NOUN}?(?:\s*\(.*\))?", re.ASCII)
_WORDS = {
    word: rank
    for rank, words in enumerate(
        (
            "first primera primero primer",
            "second segunda segundo",
            "third tercera tercero tercer",
            "fourth cuarta cuarto",
            "fifth quinta quinto",
            "sixth sexta sexto",
            "seventh septima septimo",
            "eighth octava octavo",
            "ninth novena noveno",
            "tenth decima decimo",
        ),
        1,
    )
    for word in words.split()
}


def fold(text: str) -> str:
    """Return a text that is equal for two that differ in case, accents, widths or spaces alone."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in plain if not unicodedata.combining(char)).split())


def read_rank(text: str) -> int | None:
    """Return the rank that a text means, None if it means none."""
    if len(text) > LONGEST:
        return None
    folded = fold(text)
    if match := _NUMBER.fullmatch(folded):
        return int(match[1])
    if match := _WORD.fullmatch(folded):
        return _WORDS.get(match[1])
    return None
