"""What the columns of a voter list are, guessed from their titles in English and Spanish."""

import re
import unicodedata
from collections.abc import Sequence

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Column(TextChoices):
    """What a column holds that is kept."""

    NAME = "name", _("name")
    FIRST_NAME = "first_name", _("first name")
    SURNAME = "surname", _("surname")
    GROUP = "group", _("group")
    WEIGHT = "weight", _("weight")
    EMAIL = "email", _("e-mail")
    MEMBER_NUMBER = "member_number", _("member number")
    SUBJECT = "subject", _("subject")


_TITLES = {
    Column.NAME: (
        "name", "full name", "fullname", "voter", "voter name", "member", "member name", "person", "display name",
        "nombre", "nombre completo", "nombre y apellidos", "apellidos y nombre", "votante", "elector", "electora",
        "socio", "socia", "socio a", "persona", "titular",
    ),
    Column.FIRST_NAME: ("first name", "firstname", "given name", "given names", "forename", "nombre de pila"),
    Column.SURNAME: (
        "surname", "last name", "lastname", "family name", "apellido", "apellidos", "primer apellido",
    ),
    Column.GROUP: (
        "group", "groups", "section", "sections", "faculty", "department", "class", "branch", "unit", "category",
        "constituency", "team", "grupo", "grupos", "seccion", "secciones", "facultad", "departamento", "clase",
        "curso", "sede", "unidad", "categoria", "circunscripcion", "colegio", "equipo",
    ),
    Column.WEIGHT: (
        "weight", "votes", "shares", "number of votes", "vote weight", "voting weight", "voting shares", "peso",
        "votos", "participaciones", "acciones", "numero de votos", "n de votos", "peso del voto", "coeficiente",
    ),
    Column.EMAIL: (
        "email", "e mail", "mail", "email address", "e mail address", "correo", "correo electronico", "email personal",
        "direccion de correo", "direccion de correo electronico", "correo e",
    ),
    Column.MEMBER_NUMBER: (
        "member number", "membership number", "member no", "member id", "membership id", "number", "no", "id",
        "voter id", "voter number", "student number", "student id", "employee number", "numero de socio", "n de socio",
        "no de socio", "num socio", "numero socio", "n socio", "numero de socia", "numero", "num", "dni",
        "nif", "documento", "matricula", "identificador", "codigo de socio", "numero de afiliado", "numero de miembro",
    ),
    Column.SUBJECT: ("subject", "sub", "openid subject", "oidc subject"),
}  # fmt: skip
_COLUMN = {title: column for column, titles in _TITLES.items() for title in titles}


def guess(titles: Sequence[str]) -> tuple[Column | None, ...]:
    """Return what each column is by its title, None for one that is not needed; of two equal ones the first counts."""
    found: list[Column | None] = []
    for title in titles:
        column = _COLUMN.get(_fold(title))
        found.append(None if column in found else column)
    # “Nombre” alone is the whole name; beside “Apellidos” it is the first name.
    if Column.SURNAME in found and Column.NAME in found and Column.FIRST_NAME not in found:
        found[found.index(Column.NAME)] = Column.FIRST_NAME
    return tuple(found)


def _fold(title: str) -> str:
    """Return a title in small letters, without accents, signs and double spaces: “N.º de socio” is “n de socio”."""
    title = title.replace("º", "").replace("°", "")
    text = unicodedata.normalize("NFKD", title.casefold())
    text = "".join(char for char in text if not unicodedata.combining(char))
    return " ".join(re.sub(r"[\W_]+", " ", text).split())
