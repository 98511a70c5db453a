"""Texts of organisers: the part of Markdown that works, and what is shown as it was typed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.markdown import render, render_line

LINK = '<a href="{}" rel="nofollow noopener noreferrer" target="_blank">{}</a>'

ALLOWED = (
    r'</?(p|ul|ol|li|em|strong|br|a)( dir="auto"| start="\d+")*>|'
    r'<a href="(https?://|mailto:)[^"]*"( title="[^"]*")? rel="nofollow noopener noreferrer" target="_blank">'
)


def shown(text: str) -> str:
    """Return what stands in the only paragraph of a text."""
    paragraphs = re.findall(r'<p dir="auto">(.*?)</p>\n', render(text), re.DOTALL)
    assert len(paragraphs) == 1
    return paragraphs[0]


class TestRender:
    def test_makes_paragraphs_and_line_breaks(self):
        assert render("One\ntwo\n\nThree") == '<p dir="auto">One<br>\ntwo</p>\n<p dir="auto">Three</p>\n'

    def test_makes_emphasis_and_lists(self):
        assert shown("*so* and **so** \\*not\\*") == "<em>so</em> and <strong>so</strong> *not*"
        assert render("- a\n- b") == '<ul dir="auto">\n<li>a</li>\n<li>b</li>\n</ul>\n'
        assert render("1. a\n2. b") == '<ol dir="auto">\n<li>a</li>\n<li>b</li>\n</ol>\n'

    @pytest.mark.parametrize(
        "address", ["https://a.example/b?c=1", "http://a.example", "mailto:a@b.example", "HTTPS://A.example"]
    )
    def test_makes_links_to_pages_and_mail_addresses(self, address):
        assert re.fullmatch(LINK.format(".+", "x").replace("?", r"\?"), shown(f"[x]({address})"))
        assert shown("<https://a.example>") == LINK.format("https://a.example", "https://a.example")

    @pytest.mark.parametrize(
        "address",
        [
            "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "//a.example", "/admin/", "ftp://a",
            "java\\script:x", "&#106;avascript:x", "#top", "file:///etc/passwd",
        ],
    )  # fmt: skip
    def test_leaves_other_links_as_text(self, address):
        assert "<a" not in render(f"[x]({address})")
        assert "<a" not in render(f"<{address}>")

    @pytest.mark.parametrize(
        "text",
        [
            "![x](https://a.example/b.png)", "# x", "`x`", "---", "| a |", "[x]", "[x]: https://a.example", "a_b_c",
            "5 * 3 * 2",
        ],
    )  # fmt: skip
    def test_leaves_the_rest_of_markdown_as_text(self, text):
        assert shown(text) == text

    @pytest.mark.parametrize(
        "text", ["<script>x</script>", "<b onclick=x>y</b>", "<!-- x -->", "> x", "&amp;", "&#60;"]
    )
    def test_shows_html_as_text(self, text):
        assert shown(text) == text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def test_breaks_out_of_no_attribute(self):
        page = render('[x](https://a.example/"onclick=x) [y](https://a.example "z\\" onclick=\\"x")')
        assert 'onclick="' not in page
        assert '"onclick' not in page

    @given(st.text(alphabet='*_[]()!<>"\\&-\n1. ahttps:/javscriptd', max_size=200))
    def test_makes_no_other_elements_and_no_other_links(self, text):
        for part in (render(text), render_line(text)):
            for element in re.findall(r"<[^>]*>", part):
                assert re.fullmatch(ALLOWED, element, re.IGNORECASE)


def test_a_line_has_neither_paragraphs_nor_lists():
    assert render_line("- *a*\nb") == "- <em>a</em><br>\nb"
