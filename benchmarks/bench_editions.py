"""Editions composed per second, beside bare Jinja2 that renders the same templates.

Ours is an edition whole: articles told, dates written, subject, HTML with its styles inlined and
held to its limit, and text, in the sandbox. The reference is Jinja2 as it comes, without a sandbox,
which is given all values ready and fills the same three templates with them.
"""

from __future__ import annotations

import statistics
from datetime import timedelta
from pathlib import Path

import jinja2
from measuring import RUNS, a_moment, figure, median_seconds

import notifier.digest
from feeds import Author, Content, Date, Document, Entry, Place, Site, from_document
from notifier.digest.columns import rule, wrap
from notifier.digest.compose import LIMITS, Composer, Request
from notifier.digest.placeholder import SLOTS, slot_token
from notifier.digest.spec import SUBJECT, DigestSpec
from notifier.digest.values import values_of
from notifier.digest.words import phrase
from notifier.schedule.language import parse_schedule

ARTICLES = 20
EDITIONS = 20  # in one timing
SITE = Site(name="Riverside Courier", url="https://news.example.org")
WORDS = "The bridge over the river carries traffic again after a year of work on its old piers. "
SECTIONS = ("News", "Sport", "Culture", "")
TEMPLATES = Path(notifier.digest.__file__).parent / "templates"


def entry(number: int) -> Entry:
    document = Document(
        source="bench",
        place=Place("bench"),
        id=str(number),
        title=f"Article number {number} of the morning",
        url=f"https://news.example.org/{number}",
        summary="The bridge is open again, a year later." if number % 2 else "",
        image="https://news.example.org/bridge.jpg" if number % 4 == 0 else "",
        section=SECTIONS[number % 4],
        published=Date(a_moment(number)),
        authors=(Author(name="A Writer"),),
    )
    content = Content(html="", text="\n\n".join([WORDS * 5] * 6))
    return Entry(
        article=from_document(document, content),
        revision=1,
        arrival=number,
        arrived_at=a_moment(number),
        change=number,
        changed_at=a_moment(number),
        revised=number,
        revised_at=a_moment(number),
    )


def a_request() -> Request:
    """Return the issue of twenty articles that both compose."""
    schedule = parse_schedule("every day at 07:30")
    return Request(
        spec=DigestSpec(name="morning", title="The morning paper", schedule=schedule),
        entries=tuple(entry(number) for number in range(1, ARTICLES + 1)),
        language="en",
        zone="Europe/Paris",
        instant=a_moment(0) + timedelta(days=1),
        page_url="https://news.example.org/digests/morning/1",
    )


def bare(request: Request) -> list[jinja2.Template]:
    """Return the templates of subject, HTML and text as Jinja2 compiles them by itself."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(wrap=wrap, rule=rule, fill=phrase)
    named = [
        environment.get_template(f"{request.spec.template}.{part}") for part in ("html", "txt")
    ]
    return [environment.from_string(SUBJECT), *named]


def main() -> None:
    request = a_request()
    composer, templates = Composer(None, SITE), bare(request)
    reader = {name: slot_token(name) for name in SLOTS}
    values = values_of(request, SITE, {}, count=ARTICLES, limits=LIMITS[0])

    def ours() -> None:
        for _ in range(EDITIONS):
            composer.compose(request)

    def reference() -> None:
        for _ in range(EDITIONS):
            for template in templates:
                template.render(values, reader=reader)

    ours()
    reference()
    # By turns, so that whatever else the machine does falls on both.
    pairs = [(median_seconds(ours, 1), median_seconds(reference, 1)) for _ in range(RUNS)]
    composed, rendered = (statistics.median(times) for times in zip(*pairs, strict=True))
    figure(
        f"editions of {ARTICLES} articles (ours whole, Jinja2 the filling of templates alone)",
        EDITIONS / composed,
        EDITIONS / rendered,
        "editions/s",
        rendered / composed,
    )


if __name__ == "__main__":
    main()
