from pathlib import Path

import pytest

from feeds.kit.templates import Opaque, TemplateProblem, Templates


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "page.html").write_text("<p>{% block body %}{{ word }}{% endblock %}</p>\n")
    (folder / "page.txt").write_text("{{ word }}\n")
    (folder / "wrong.txt").write_text("one\ntwo\n{{ nothing }}\n")
    return folder


@pytest.fixture
def templates(shipped: Path) -> Templates:
    return Templates(shipped)


NAME = Opaque("only print it", "[name]")
READER = Opaque("print its parts", parts={"name": NAME})


def render(source: str, name: str = "line", **values: object) -> str:
    return Templates(Path("nowhere")).render_string(source, name=name, **values)


def test_html_is_escaped_by_its_name_and_text_is_not(templates: Templates) -> None:
    assert templates.render("page.html", word="<b>&") == "<p>&lt;b&gt;&amp;</p>"
    assert templates.render("page.txt", word="<b>&") == "<b>&"


@pytest.mark.parametrize("name", ["page.html.txt", "subject", "html", "page.htm"])
def test_only_names_that_end_in_html_are_html(name: str) -> None:
    assert render("{{ word }}", name, word="<b>") == "<b>"
    assert render("{{ word }}", "x.html", word="<b>") == "&lt;b&gt;"


def test_an_operators_template_replaces_the_shipped_one(shipped: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "page.txt").write_text("mine: {{ word }}")
    templates = Templates(shipped, own)
    assert templates.render("page.txt", word="w") == "mine: w"
    assert templates.render("page.html", word="w") == "<p>w</p>"


def test_an_operator_may_change_one_block_of_the_shipped_one(shipped: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "page.html").write_text(
        '{% extends "builtin/page.html" %}{% block body %}[{{ super() }}]{% endblock %}'
    )
    assert Templates(shipped, own).render("page.html", word="<") == "<p>[&lt;]</p>"


def test_a_folder_of_overrides_need_not_exist(shipped: Path, tmp_path: Path) -> None:
    assert Templates(shipped, tmp_path / "none").render("page.txt", word="w") == "w"


def test_a_missing_value_names_template_and_line(templates: Templates) -> None:
    with pytest.raises(TemplateProblem, match=r"builtin/wrong\.txt:3: 'nothing'") as caught:
        templates.render("wrong.txt")
    assert (caught.value.template, caught.value.line) == ("builtin/wrong.txt", 3)


def test_an_error_in_an_operators_block_is_placed_there(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '{% extends "builtin/page.html" %}\n{% block body %}\n{{ word.nope }}\n{% endblock %}'
    )
    with pytest.raises(TemplateProblem, match="there is no 'nope' in this str") as caught:
        Templates(shipped, tmp_path).render("page.html", word="w")
    assert (Path(caught.value.template), caught.value.line) == (tmp_path / "page.html", 3)


def test_a_syntax_error_is_found_without_rendering(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("fine\n{% if %}\n")
    (problem,) = Templates(shipped, tmp_path).check()
    assert problem.line == 2
    assert problem.template.endswith("bad.txt")


def test_a_template_that_is_not_there_is_named(templates: Templates) -> None:
    with pytest.raises(TemplateProblem, match=r"no template 'weekly\.txt'"):
        templates.render("weekly.txt")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ word._private }}",
        "{% import 'os' as os %}",
        "{% include '../secret.txt' %}",
        "{{ range(10 ** 7)|list }}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ [word] * 2000000 }}",
        "{{ words.append(1) }}",
        "{{ 1 / 0 }}",
        "{{ lipsum() }}",
        "{{ words|random }}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(source: str) -> None:
    with pytest.raises(TemplateProblem, match="line:1: "):
        render(source, word="w", words=["w"])


def test_a_template_that_goes_on_and_on_comes_to_an_end() -> None:
    hundred = "{% for i in range(100) %}"
    loops, ends = hundred * 4, "{% endfor %}" * 4
    with pytest.raises(TemplateProblem, match="writes more than 10,000,000 characters"):
        render(f"{loops}{'x' * 1000}{ends}")
    for long in (1001, 10**30):
        with pytest.raises(TemplateProblem, match=r"line:1: .* makes more than 1,000 numbers"):
            render(f"{{{{ range({long})|list }}}}")
    assert render("{{ range(1000)|length }}") == "1000"


THOUSAND, END = "{% for i in range(1000) %}", "{% endfor %}"
FOREVER = {
    "loops": f"{THOUSAND}\n" * 4 + END * 4,
    "inner": f"{THOUSAND * 2}\n\n\n{{% for x in [1] %}}{{% set y = x %}}{END * 3}",
}
SLOWLY = {
    "macros": "{% macro m(n) %}\n\n\n{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}"
    "{% endmacro %}{{ m(40) }}",
    "recursive": "{% for x in [1, 2] recursive %}\n\n\n"
    "{% if loop.depth < 40 %}{{ loop([1, 2]) }}{% endif %}{% endfor %}",
    "included": f"\n\n\n{THOUSAND * 2}{{% include 'page.txt' %}}{END * 2}",
}


@pytest.mark.parametrize(
    "source",
    [*FOREVER.values(), *(pytest.param(text, marks=pytest.mark.slow) for text in SLOWLY.values())],
    ids=[*FOREVER, *SLOWLY],
)
def test_a_template_that_does_nothing_for_ever_comes_to_an_end(
    templates: Templates, source: str
) -> None:
    reason = r"goes on for more than 1,000,000 turns"
    with pytest.raises(TemplateProblem, match=reason) as caught:
        templates.render_string(source, name="line", word="")
    assert (caught.value.template, caught.value.line) in {("line", 4), ("builtin/page.txt", 1)}
    assert templates.render_string("{% for i in [1] %}fine{% endfor %}", name="line") == "fine"


def test_a_template_that_calls_itself_is_told() -> None:
    with pytest.raises(TemplateProblem, match="line:1: this calls itself, and so on"):
        render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")


UNREADABLE = {
    "{{ 'x'|uper }}": "there is no filter `uper`; did you mean 'upper'?",
    "{% if x is definid %}{% endif %}": "there is no test `definid`; did you mean 'defined'?",
    "{% fro x in y %}": "there is no tag `{% fro %}`",
    "{% if x %}{% endfor %}": "`endfor` cannot stand in `if`",
    "{% for x in y %}": "`{% for %}` is never closed",
    "{# one": "`{#` is never closed",
    "{{ one two }}": "`}}` is expected before `two`",
    "{{ one }": "`}` cannot stand here",
    "{{ }}": "it is empty",
    "{{ one ? two }}": "'?' cannot stand here",
}


@pytest.mark.parametrize("source", UNREADABLE)
def test_what_cannot_be_read_is_told_in_our_own_words(source: str) -> None:
    with pytest.raises(TemplateProblem) as caught:
        render(source)
    assert caught.value.reason == f"this cannot be read: {UNREADABLE[source]}"
    assert caught.value.line == 1


def test_a_misspelt_name_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(TemplateProblem, match=r"'wrd' is not a value .*; did you mean 'word'"):
        render("{{ wrd }}", word="w")
    with pytest.raises(TemplateProblem, match="no 'titel' in this map; did you mean 'title'"):
        render("{{ story.titel }}", story={"title": "t"})
    with pytest.raises(TemplateProblem, match="no 'nmae' in this value; did you mean 'name'"):
        render("{{ r.nmae }}", r=READER)


def test_harmless_arithmetic_is_allowed() -> None:
    assert render("{{ 6 * 7 }} {{ '=' * 3 }} {{ 2 ** 10 }} {{ 10000 * 10000 }}") == (
        "42 === 1024 100000000"
    )


def test_an_opaque_value_is_printed() -> None:
    assert render("{{ r.name }}", r=READER) == "[name]"
    assert render("{% set n = r.name %}{{ n }}", "x.html", r=READER) == "[name]"


@pytest.mark.parametrize("name", ["line", "x.html"])
@pytest.mark.parametrize(
    "source",
    [
        "{% if r.name %}x{% endif %}",
        "{{ 'a' if not r.name else 'b' }}",
        "{{ r.name == 'x' }}",
        "{{ 'x' != r.name }}",
        "{{ r.name < 'x' }}",
        "{{ r.name in ['x'] }}",
        "{{ 'x' in r.name }}",
        "{{ r.name|upper }}",
        "{{ r.name|length }}",
        "{{ r.name|default('x', true) }}",
        "{{ r.name|default('x') }}",
        "{{ r.name or 'x' }}",
        "{{ r.name and 'x' }}",
        "{{ r.name|tojson }}",
        "{{ 'x'|replace('x', r.name) }}",
        "{{ [r.name]|select|list }}",
        "{% if r.name is defined %}x{% endif %}",
        "{% if r.name is none %}x{% endif %}",
        "{% for c in [1] if r.name %}x{% endfor %}",
        "{% if [r.name] == ['x'] %}x{% endif %}",
        "{{ r.name|e }}",
        "{{ 'Dear ' ~ r.name }}",
        "{{ 'Dear ' + r.name }}",
        "{{ '%s'|format(r.name) }}",
        "{{ [r.name]|join }}",
        "{{ [r.name] }}",
        "{{ {r.name: 1} }}",
        "{{ r.name[0] }}",
        "{{ r.name.upper() }}",
        "{% for c in r.name %}x{% endfor %}",
        "{{ r }}",
        "{% if r %}x{% endif %}",
    ],
)
def test_an_opaque_value_is_good_for_nothing_else(source: str, name: str) -> None:
    with pytest.raises(TemplateProblem, match="print"):
        render(source, name, r=READER)
