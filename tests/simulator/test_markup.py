from hypothesis import given
from hypothesis import strategies as st

from tokenward.simulator.markup import Markup, fill, join


def test_what_was_typed_is_text_and_what_was_made_is_markup():
    """A4: a service's name may be anything, and stays a name."""
    bold = fill("<b>{name}</b>", name='<script>"&')
    assert bold == "<b>&lt;script&gt;&quot;&amp;</b>"
    assert join([bold, Markup("<br>")]) == f"{bold}<br>"
    assert fill("<p>{inner}</p>", inner=bold) == f"<p>{bold}</p>"


@given(st.text())
def test_no_text_can_open_a_tag_or_leave_an_attribute(text):
    """A4: braces in it are not looked at again either."""
    shown = fill('<a title="{text}">', text=text).removeprefix('<a title="').removesuffix('">')
    assert not set("<>\"'") & set(shown)
